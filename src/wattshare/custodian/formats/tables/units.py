"""Units as utilities write them, and what they are in the standard. espi.xsd UnitSymbolKind, MeasurementKind."""

from dataclasses import dataclass, replace

from wattshare.custodian.model.premises import Commodity
from wattshare.espi.profile import Profile
from wattshare.espi.units import MeasurementKind, UnitMultiplier, UnitSymbol
from wattshare.espi.usage import ReadingType

# digits behind the point of a unit that the profile has no manner for
DIGITS = 3
# AccumulationKind delta, DataQualifierKind normal, TimePeriodOfInterest daily
DELTA, NORMAL, DAILY = 4, 12, 11
DAY = 86_400
# espi.xsd CommodityKind
COMMODITIES = {
    Commodity.ELECTRICITY: 1,
    Commodity.GAS: 7,
    Commodity.WATER: 9,
    Commodity.HEAT: 10,
    Commodity.SEWERAGE: 11,
}


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A unit: so many tens of a unit of the standard."""

    symbol: UnitSymbol
    power: int = 0
    kind: MeasurementKind = MeasurementKind.ENERGY
    # None: it measures several services
    commodity: Commodity | None = None


_WH = Unit(symbol=UnitSymbol.WH, commodity=Commodity.ELECTRICITY)
_VARH = replace(_WH, symbol=UnitSymbol.VARH)
_VAH = replace(_WH, symbol=UnitSymbol.VAH)
_THERM = Unit(symbol=UnitSymbol.THERM, commodity=Commodity.GAS)
_FT3 = Unit(symbol=UnitSymbol.FT3, kind=MeasurementKind.VOLUME)
_M3 = replace(_FT3, symbol=UnitSymbol.M3)
_LITRE = replace(_FT3, symbol=UnitSymbol.LITRE)
_GALLON = replace(_FT3, symbol=UnitSymbol.US_GAL, commodity=Commodity.WATER)
_IMPERIAL = replace(_GALLON, symbol=UnitSymbol.IMPERIAL_GAL)
_BTU = Unit(symbol=UnitSymbol.BTU)
_JOULE = Unit(symbol=UnitSymbol.JOULE)

# by the letters of their names in lower case
UNITS: dict[str, Unit] = {
    **{word: replace(_WH, power=power) for word, power in (("wh", 0), ("kwh", 3), ("mwh", 6), ("gwh", 9))},
    **{word: replace(_VARH, power=power) for word, power in (("varh", 0), ("kvarh", 3), ("mvarh", 6))},
    **{word: replace(_VAH, power=power) for word, power in (("vah", 0), ("kvah", 3), ("mvah", 6))},
    **dict.fromkeys(("therm", "therms", "thm"), _THERM),
    **dict.fromkeys(("dth", "dekatherm", "dekatherms", "decatherm"), replace(_THERM, power=1)),
    **dict.fromkeys(("cf", "ft3", "cubicfoot", "cubicfeet"), _FT3),
    **dict.fromkeys(("ccf", "hcf"), replace(_FT3, power=2)),
    **dict.fromkeys(("mcf", "kcf"), replace(_FT3, power=3)),
    **dict.fromkeys(("m3", "m³", "cubicmeter", "cubicmeters", "cubicmetre", "cubicmetres"), _M3),
    **dict.fromkeys(("l", "liter", "litre", "liters", "litres"), _LITRE),
    "kl": replace(_LITRE, power=3),
    **dict.fromkeys(("gal", "gallon", "gallons", "usgal"), _GALLON),
    **dict.fromkeys(("kgal", "tgal", "thousandgallons"), replace(_GALLON, power=3)),
    **dict.fromkeys(("impgal", "igal", "imperialgallon", "imperialgallons"), _IMPERIAL),
    "btu": _BTU,
    "kbtu": replace(_BTU, power=3),
    "mmbtu": replace(_BTU, power=6),
    **{word: replace(_JOULE, power=power) for word, power in (("j", 0), ("kj", 3), ("mj", 6), ("gj", 9))},
}
# rates, which an interval's energy or volume is not
RATES = frozenset({"w", "kw", "mw", "kva", "va", "kvar", "var", "gpm", "m3/h", "v", "a"})


def unit_of(word: str) -> Unit | None:
    """The unit that a word names; None where it names none."""
    return UNITS.get("".join(letter for letter in word.casefold() if letter.isalnum()))


def worded(word: str) -> str:
    """Why a word names no unit of readings."""
    if word.strip().casefold() in RATES:
        return "is a rate; an interval's reading is energy or volume, as kWh or m3"
    return "is no unit that is known; there are Wh, kWh, MWh, therm, CCF, m3, gal and others"


def stored_power(unit: Unit, commodity: Commodity, profile: Profile) -> int:
    """The power of ten in which readings of a unit are kept: the profile's, or three digits behind the point."""
    metering = profile.metering(commodity.service_kind)
    if metering is not None and metering.uom == unit.symbol:
        return metering.power_of_ten_multiplier
    return max(power for power in UnitMultiplier if power <= unit.power - DIGITS)


def reading_type(
    unit: Unit, *, commodity: Commodity, power: int, flow: int, length: int | None, profile: Profile
) -> ReadingType:
    """What intervals of a unit are: `power` is the power of ten in which they are kept, `length` in seconds."""
    metering = profile.metering(commodity.service_kind)
    return ReadingType(
        accumulation_behaviour=DELTA,
        commodity=metering.commodity if metering else COMMODITIES.get(commodity),
        currency=profile.currency,
        data_qualifier=NORMAL,
        default_quality=profile.default_quality,
        flow_direction=flow,
        interval_length=length,
        kind=unit.kind,
        phase=metering.phase if metering else None,
        power_of_ten_multiplier=power,
        time_attribute=metering.time_attribute if metering and metering.uom == unit.symbol else _period(length),
        uom=unit.symbol,
    )


def _period(length: int | None) -> int:
    return DAILY if length == DAY else 0
