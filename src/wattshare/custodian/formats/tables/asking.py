"""What a table and its mapping leave open: asked, never assumed."""

from collections.abc import Iterator, Sequence
from functools import partial

from wattshare.custodian.formats.tables.faults import Question
from wattshare.custodian.formats.tables.guess import flow_in
from wattshare.custodian.formats.tables.mapping import BY_ROW, DAILY, FLOWS, NAMES, BadMapping, Mapping
from wattshare.custodian.formats.tables.moments import EPOCH_MILLISECONDS, EPOCH_SECONDS
from wattshare.custodian.formats.tables.units import unit_of

# columns that an error names
FEW = 30


def places_of(header: Sequence[str], mapping: Mapping) -> dict[str, int]:
    """Where each column of the mapping stands in a header.

    Raises:
        BadMapping: it is not there, or stands there twice.
    """
    places = {}
    for role, name in mapping.columns.items():
        found = [at for at, cell in enumerate(header) if cell == name]
        if len(found) != 1:
            often = "stands there more than once, and one of them must have another name" if found else "is not there"
            names = ", ".join(cell for cell in header[:FEW] if cell)
            more = f" and {len(header) - FEW} more" if len(header) > FEW else ""
            raise BadMapping(f"columns.{role}: of the columns of the file {name!r} {often}; there are {names}{more}")
        places[role] = found[0]
    return places


def questions(mapping: Mapping, zone: str, *, counted: bool = False, header: Sequence[str] = ()) -> Iterator[Question]:
    """What must be answered before readings can be read by a mapping; `zone` is the utility's own.

    `counted`: the columns of a table with a row a day have numbers rather than times.
    `header`: the names of all columns.
    """
    known = set(mapping.columns.values())
    others = dict.fromkeys(name for name in header if name and name not in known)
    yield from _of_columns(mapping, tuple(others)[:FEW])
    yield from _of_times(mapping, zone, counted)
    yield from _of_values(mapping, counted)


def _of_columns(mapping: Mapping, others: tuple[str, ...]) -> Iterator[Question]:
    names, ask = mapping.columns, partial(Question, choices=others)
    if not any(role in names for role in NAMES):
        yield ask(key="columns.usage_point", sentence="Which column names the usage point, meter or account?")
    if mapping.form == "long" and "value" not in names:
        yield ask(key="columns.value", sentence="Which column holds the values?")
    if mapping.form == "wide" and "date" not in names:
        yield ask(key="columns.date", sentence="Which column holds the day?")
    if not any(role in names for role in ("start", "end", "date")):
        yield ask(key="columns.start", sentence="Which column says when a reading starts?")


def _of_times(mapping: Mapping, zone: str, counted: bool) -> Iterator[Question]:
    names, times, interval = mapping.columns, mapping.time, mapping.interval
    if times.format is None:
        yield Question(
            key="time.format",
            sentence="How are times written?",
            choices=("iso", "epoch", "epoch-ms", "excel", "a pattern such as %m/%d/%Y %H:%M"),
        )
    if times.zone is None and times.format not in (EPOCH_SECONDS, EPOCH_MILLISECONDS):
        said = " ".join(names.get(role, "") for role in ("start", "end", "date", "time")).casefold()
        yield Question(
            key="time.zone",
            sentence="Which clock do the times go by?",
            choices=("local", "UTC", "offset", zone, "-08:00"),
            likely="UTC" if "utc" in said or "gmt" in said else "local",
        )
    named = "start" in names or "end" in names or counted
    if times.stamp is None and not named and (mapping.form == "wide" or interval.length != DAILY):
        yield Question(
            key="time.stamp", sentence="Do the times say when an interval starts or ends?", choices=("start", "end")
        )
    if interval.length is None and "duration" not in names and not {"start", "end"} <= set(names):
        yield Question(key="interval.length", sentence="How many seconds does a reading last?", choices=("900", "day"))
    if interval.length == BY_ROW and "duration" not in names and not {"start", "end"} <= set(names):
        yield Question(
            key="columns.duration",
            sentence="Which column says how long a reading is, where columns.start and columns.end do not?",
        )
    if "duration" in names and interval.length in (None, BY_ROW) and interval.unit is None:
        yield Question(key="interval.unit", sentence="What are the lengths counted in?", choices=("s", "min", "h"))
    if times.ambiguous == "column" and not ("fold" in names and times.first and times.second):
        yield Question(
            key="columns.fold",
            sentence="Which column, with which words in time.first and time.second, tells the hours apart?",
        )


def _of_values(mapping: Mapping, counted: bool) -> Iterator[Question]:
    names, values = mapping.columns, mapping.values
    if "unit" not in names and values.unit is None:
        yield Question(
            key="values.unit",
            sentence="In which unit are the values?",
            choices=("kWh", "Wh", "therm", "CCF", "m3", "gal"),
        )
    unit = unit_of(values.unit or "")
    if unit is not None and unit.commodity is None and values.commodity is None:
        yield Question(
            key="values.commodity",
            sentence=f"{values.unit} measures more than one service: which is it?",
            choices=("gas", "water", "heat"),
        )
    if mapping.form == "wide" and counted and mapping.wide.columns is None:
        yield Question(
            key="wide.columns",
            sentence="On the days of 23 and 25 hours, are the columns hours of the clock, or counted as time goes by?",
            choices=("clock", "elapsed"),
        )
    if "flow" not in names and "received" not in names and mapping.flow.all is None:
        yield Question(
            key="flow.all",
            sentence="Which way do the readings flow?",
            choices=(*FLOWS, "split"),
            # who only presses a key must not turn a flow: of columns that name another, or are not known yet, none is
            likely="delivered" if "value" in names and not flow_in(names["value"]) else "",
        )


__all__ = ["BadMapping", "places_of", "questions"]
