"""Which of our channels the series of a table are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from wattshare.custodian.formats import hrefs
from wattshare.custodian.formats.tables.columns import Measure, Series, measure_of
from wattshare.custodian.formats.tables.mapping import Mapping as Meaning
from wattshare.custodian.formats.tables.units import reading_type
from wattshare.custodian.model.premises import Commodity
from wattshare.custodian.services.intake.points import NAMED, free_number
from wattshare.custodian.store.database import Tx
from wattshare.custodian.store.lots import Lot
from wattshare.espi.profile import Profile
from wattshare.espi.usage import ReadingType

CHANNEL = "channel"


class Place(NamedTuple):
    """Where a series lands."""

    usage_point_id: int
    channel: int
    reading_type_id: str
    # nothing was metered there before
    fresh: bool


@dataclass(kw_only=True)
class Plan:
    """Where the series of a table land, and what is not there yet."""

    places: list[Place] = field(default_factory=list)
    # numbers by names, services by numbers, types by ids
    names: Mapping[str, int] = field(default_factory=dict)
    points: Mapping[int, Commodity] = field(default_factory=dict)
    types: dict[str, ReadingType] = field(default_factory=dict)
    # usage point, number and type; and what a channel is called
    channels: list[tuple[int, int, str]] = field(default_factory=list)
    called: dict[str, int] = field(default_factory=dict)

    def lots(self, tx: Tx) -> tuple[Lot, ...]:
        """Most of what is new."""
        return (
            tx.imports.new_names({NAMED: self.names, CHANNEL: self.called}),
            tx.roster.new_usage_points(self.points),
            tx.roster.new_channels(self.channels),
        )

    def keep(self, tx: Tx, lots: Iterable[Lot]) -> None:
        """Write what is new: that, and what it points at."""
        for name, of in self.types.items():
            tx.readings.keep_reading_type(name, of)
        tx.roster.keep(lots)


@dataclass
class Placing:
    """The series of one table, in one transaction."""

    tx: Tx
    profile: Profile
    meaning: Meaning
    series: Sequence[Series]
    _measures: dict[str, Measure] = field(default_factory=dict)
    # what names each series; and usage points by that, once they were looked up
    _keys: list[tuple[str, str, Commodity]] = field(default_factory=list)
    _found: dict[tuple[str, str, Commodity], int] | None = None

    def measure(self, one: Series) -> Measure:
        """The unit of a series, which was read before."""
        known = self._measures.get(one.unit)
        if known is None:
            measure = measure_of(one.unit, self.meaning, self.profile)
            if isinstance(measure, str):
                raise TypeError(measure)
            known = self._measures[one.unit] = measure
        return known

    def unplaceable(self) -> dict[int, str]:
        """The series that have no place, each with the reason."""
        known, why = self._known(), dict[int, str]()
        services = self.tx.roster.commodities(set(known.values()))
        services_of: dict[str, Commodity] = {}
        for number, (one, key) in enumerate(zip(self.series, self.keys, strict=True)):
            here, commodity = known.get(key), key[2]
            if one.role != "usage_point" and here is None:
                why[number] = self._reason(one, commodity)
            elif one.role == "usage_point" and services_of.setdefault(one.name, commodity) is not commodity:
                why[number] = f"A usage point has one service; here it has {services_of[one.name]} and {commodity}."
            elif here is not None and services.get(here, commodity) is not commodity:
                why[number] = f"Usage point {here} is {services[here]}, and the values are of {commodity}."
        return why

    def _reason(self, one: Series, commodity: Commodity) -> str:
        if one.role == "meter":
            return "No one usage point has or had a meter of this serial; import meters first, or name usage points."
        return f"The account has not one usage point of {commodity}; import agreements first, or name usage points."

    def plan(self) -> "Plan":
        """Find every series its channel; what is not there yet is planned, and not written."""
        known = self._known()
        names = self._name_new(known)
        points = [known[key] for key in self.keys]
        measures = {unit: self.measure(one) for unit, one in {one.unit: one for one in self.series}.items()}
        services = self.tx.roster.commodities(set(points))
        new = {
            here: measures[one.unit].commodity
            for here, one in zip(points, self.series, strict=True)
            if here not in services
        }
        plan = Plan(names=names, points=new)
        types = self._types(measures, plan.types)
        self._channels(points, [types[_kind(one)] for one in self.series], plan)
        return plan

    def _known(self) -> dict[tuple[str, str, Commodity], int]:
        """The usage points that the names of a table stand for."""
        if self._found is None:
            self._found = self._look_up()
        return dict(self._found)

    def _look_up(self) -> dict[tuple[str, str, Commodity], int]:
        keys = set(self.keys)
        names = {name for role, name, _ in keys if role == "usage_point" and not hrefs.TEN_DIGITS.fullmatch(name)}
        by_name = self.tx.imports.known_many(NAMED, names)
        meters = self.tx.roster.of_meters({name for role, name, _ in keys if role == "meter"})
        accounts = self.tx.roster.of_accounts({name for role, name, _ in keys if role == "account"})
        found: dict[tuple[str, str, Commodity], int] = {}
        for key in keys:
            role, name, commodity = key
            if role == "usage_point":
                here = int(name) if hrefs.TEN_DIGITS.fullmatch(name) else by_name.get(name)
                found |= {} if here is None else {key: here}
                continue
            several = meters.get(name, set())
            if role == "account":
                several = {here for here, service in accounts.get(name, {}).items() if service is commodity}
            if len(several) == 1:
                found[key] = next(iter(several))
        return found

    def _name_new(self, known: dict[tuple[str, str, Commodity], int]) -> dict[str, int]:
        """Give usage points that were never heard of their numbers."""
        new: dict[str, int] = {}
        for one, key in zip(self.series, self.keys, strict=True):
            if key not in known:
                known[key] = new[one.name] = new.get(one.name) or self._free(one.name, set(new.values()))
        return new

    def _free(self, name: str, taken: set[int]) -> int:
        return free_number(self.tx, name, taken)

    @property
    def keys(self) -> list[tuple[str, str, Commodity]]:
        """What names the usage point of each series."""
        if not self._keys:
            self._keys = [(one.role, one.name, self.measure(one).commodity) for one in self.series]
        return self._keys

    def _types(
        self, measures: Mapping[str, Measure], new: dict[str, ReadingType]
    ) -> dict[tuple[str, int, int | None], str]:
        """The ids of what the series measure."""
        found = {}
        for unit, flow, length in dict.fromkeys(map(_kind, self.series)):
            measure = measures[unit]
            of = reading_type(
                measure.unit,
                commodity=measure.commodity,
                power=measure.power,
                flow=flow,
                length=length,
                profile=self.profile,
            )
            same = next((name for name, other in new.items() if other == of), None)
            name, known = (same, True) if same else self.tx.readings.name_reading_type(of, new)
            found[unit, flow, length] = name
            if not known:
                new[name] = of
        return found

    def _channels(self, points: Sequence[int], types: Sequence[str], plan: "Plan") -> None:
        """The channel of each series: the one that had its name, else the first of its type that none has, else new."""
        present = self.tx.roster.channels(set(points))
        named = self._named(points, types)
        given: dict[int, set[int]] = {}
        for one, here, kind in zip(self.series, points, types, strict=True):
            channels, used = present.setdefault(here, {}), given.setdefault(here, set())
            name = f"{here}|{one.channel}|{kind}"
            number = named.get(name) or next((n for n, of in channels.items() if of == kind and n not in used), 0)
            new = not number
            if new:
                number = max(channels, default=0) + 1
                plan.channels.append((here, number, kind))
                channels[number] = kind
            if one.channel and name not in named:
                plan.called[name] = number
            used.add(number)
            plan.places.append(Place(here, number, kind, new))

    def _named(self, points: Sequence[int], types: Sequence[str]) -> dict[str, int]:
        every = zip(self.series, points, types, strict=True)
        names = {f"{here}|{one.channel}|{kind}" for one, here, kind in every if one.channel}
        return self.tx.imports.known_many(CHANNEL, names)


def _kind(one: Series) -> tuple[str, int, int | None]:
    return one.unit, one.flow, one.length


def every_point(places: Iterable[Place]) -> tuple[int, ...]:
    """The usage points of places, each once."""
    return tuple(sorted({place.usage_point_id for place in places}))
