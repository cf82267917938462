"""Which service it is, where a file does not say it in so many words."""

from collections.abc import Iterable
from dataclasses import replace

from wattshare.custodian.model.premises import Commodity
from wattshare.espi.profile import Profile
from wattshare.espi.usage import ReadingType, UsagePoint

# espi.xsd CommodityKind
COMMODITIES = {
    1: Commodity.ELECTRICITY,
    2: Commodity.ELECTRICITY,
    7: Commodity.GAS,
    8: Commodity.GAS,
    9: Commodity.WATER,
    10: Commodity.HEAT,
    11: Commodity.SEWERAGE,
    12: Commodity.HEAT,
}
# espi.xsd UnitSymbolKind: W, var, VA, Wh, varh, VAh; therm
UNITS = dict.fromkeys((38, 63, 61, 72, 73, 71), Commodity.ELECTRICITY) | {169: Commodity.GAS}
SERVICES = tuple(Commodity)
FORWARD, DELTA, NORMAL = 1, 4, 12


def commodity_of(
    element: UsagePoint | None, reading_types: Iterable[ReadingType], commodity: int | None = None
) -> Commodity | None:
    """The service by ServiceCategory, else by what its reading types or bills measure; None: nothing says it."""
    category = element.service_category if element else None
    if category is not None and category.kind < len(SERVICES):
        return SERVICES[category.kind]
    types = tuple(reading_types)
    said = [COMMODITIES.get(one.commodity or 0) for one in types] + [COMMODITIES.get(commodity or 0)]
    said += [UNITS.get(one.uom or 0) for one in types]
    return next(filter(None, said), None)


def completed(of: ReadingType, commodity: Commodity, profile: Profile) -> ReadingType:
    """A reading type with what we send of every one: the currency, and the phase of residential electricity.

    Types that differ in nothing else are one, whichever file they came with.
    """
    metering = profile.metering(commodity.service_kind)
    phase = metering.phase if metering is not None and of.phase is None else of.phase
    return replace(of, phase=phase, currency=profile.currency if of.currency is None else of.currency)


def assumed_type(commodity: Commodity, interval_length: int, profile: Profile) -> ReadingType | None:
    """What intervals of a service mean in this profile; None where it has no manner for it."""
    metering = profile.metering(commodity.service_kind)
    if metering is None:
        return None
    return ReadingType(
        accumulation_behaviour=DELTA,
        commodity=metering.commodity,
        currency=profile.currency,
        data_qualifier=NORMAL,
        default_quality=profile.default_quality,
        flow_direction=FORWARD,
        interval_length=interval_length,
        kind=metering.kind,
        phase=metering.phase,
        power_of_ten_multiplier=metering.power_of_ten_multiplier,
        time_attribute=metering.time_attribute,
        uom=metering.uom,
    )
