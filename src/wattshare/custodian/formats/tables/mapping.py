"""What the columns of a table of readings mean: given in a small TOML file, or guessed and confirmed.

Nothing in it has a default that could be wrong unseen: what a table leaves open is asked.
"""

import json
import re
import tomllib
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from wattshare.custodian.formats.tables.moments import EPOCH_MILLISECONDS, EPOCH_SECONDS, EXCEL, ISO, BadZone, zone_of
from wattshare.custodian.formats.tables.units import unit_of, worded
from wattshare.custodian.model.premises import Commodity

# what a column of readings may be
ROLES = (
    "usage_point",
    "meter",
    "account",
    "channel",
    "flow",
    "start",
    "end",
    "date",
    "time",
    "duration",
    "fold",
    "value",
    # of the same interval, the other way: then `value` is what was delivered
    "received",
    "unit",
    "quality",
    "tou",
    "tier",
    "cpp",
    "cost",
)
NAMES = ("usage_point", "meter", "account")
FLOWS = {"delivered": 1, "received": 19, "net": 4}
DAILY, BY_ROW = "day", "row"


class BadMapping(ValueError):
    """A mapping cannot be used; the text is one line that names the key."""


@dataclass(frozen=True, kw_only=True)
class Text:
    """How a file's characters make rows. None: found out from the file."""

    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    # the row, from 1, that names the columns; 0: none does, and columns are called 1, 2, …
    header: int | None = None


@dataclass(frozen=True, kw_only=True)
class Values:
    """What the values measure."""

    unit: str | None = None
    commodity: str | None = None
    # in which they are kept; None: the profile's
    power_of_ten: int | None = None
    decimal: str = "."
    thousands: str = ""
    # binary fractions of Parquet are refused, or each is read as its shortest decimal
    floats: str = "refuse"
    # an empty value is refused, or a reading that is not there
    empty: str = "refuse"
    # a value with more digits than are kept is refused, or rounded
    digits: str = "refuse"


@dataclass(frozen=True, kw_only=True)
class Times:
    """How times are written."""

    format: str | None = None
    zone: str | None = None
    # a column of times that is neither called start nor end: which of them it is
    stamp: str | None = None
    # which day an end of 00:00 belongs to that has a column of its own beside the day: it starts it, or ends it
    midnight: str | None = None
    # the hour that comes twice: by the order in the file, by a column's words, always one of them, or not at all
    ambiguous: str = "refuse"
    # words of the fold column
    first: tuple[str, ...] = ()
    second: tuple[str, ...] = ()
    # a time in the hour that does not come is refused, or its row is passed over and counted
    missing: str = "refuse"
    # a reading that starts more than a day from now is taken and told of, or refused
    future: str = "take"


@dataclass(frozen=True, kw_only=True)
class Interval:
    """How long readings are: seconds, `day`, or `row` where each row says it. None: it is found out."""

    length: int | str | None = None
    # of a column of lengths: what they are counted in
    unit: str | None = None


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Which way the readings flow."""

    # of a table without such a column. `split`: what is below zero was received
    all: str | None = None
    # words of the flow column
    delivered: tuple[str, ...] = ()
    received: tuple[str, ...] = ()
    net: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Wide:
    """A table with a row a day."""

    # columns named by a clock, or counted from the day's first moment
    columns: str | None = None


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """What a table of readings says and how."""

    file: Text = field(default_factory=Text)
    # long: a row a reading; wide: a row a day
    form: str = "long"
    # by role
    columns: Dictionary[str, str] = field(default_factory=dict)
    values: Values = field(default_factory=Values)
    time: Times = field(default_factory=Times)
    interval: Interval = field(default_factory=Interval)
    flow: Flow = field(default_factory=Flow)
    wide: Wide = field(default_factory=Wide)
    # QualityOfReading by the table's word
    quality: Dictionary[str, int] = field(default_factory=dict)

    def answered(self, key: str, value: object) -> "Mapping":
        """The same with one key of it, `section.name`, set.

        Raises:
            BadMapping: it does not fit.
        """
        plain = to_plain(self)
        section, _, name = key.partition(".")
        if name:
            plain.setdefault(section, {})[name] = value
        else:
            plain[section] = value
        return from_plain(plain)


# how times may be written beside patterns; parts of patterns, and those that together say a day
FORMATS = (ISO, EPOCH_SECONDS, EPOCH_MILLISECONDS, EXCEL)
DIRECTIVES = "aAwdbBmyYHIMSzZjUWcxXpfGuV%"
DAYS = (
    *({year, month, "d"} for year in "yY" for month in "mbB"),
    *({year, "j"} for year in "yY"),
    *({year, week, day} for year in "yY" for week in "UW" for day in "aAwu"),
    *({"G", "V", day} for day in "aAwu"),
    {"c"},
    {"x"},
)
SECTIONS: dict[str, type] = {
    "file": Text,
    "values": Values,
    "time": Times,
    "interval": Interval,
    "flow": Flow,
    "wide": Wide,
}
# what each key may be, where that is one of a few words
WORDS: dict[str, tuple[str, ...]] = {
    "form": ("long", "wide"),
    "values.floats": ("refuse", "shortest"),
    "values.empty": ("refuse", "gap"),
    "values.digits": ("refuse", "round"),
    "values.decimal": (".", ","),
    "values.thousands": ("", ",", ".", " ", "'", "\xa0", "\u202f"),
    "values.commodity": tuple(Commodity),
    "time.stamp": ("start", "end"),
    "time.midnight": ("start", "end"),
    "time.ambiguous": ("refuse", "order", "column", "first", "second"),
    "time.missing": ("refuse", "skip"),
    "time.future": ("take", "refuse"),
    "interval.unit": ("s", "min", "h"),
    "flow.all": (*FLOWS, "split"),
    "wide.columns": ("clock", "elapsed"),
    "file.encoding": ("utf-8", "latin-1", "cp1252", "utf-16"),
}


def read(path: Path) -> Mapping:
    """The mapping of a file.

    Raises:
        BadMapping: it cannot be read, or a key in it is unknown or does not fit.
    """
    try:
        return from_plain(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except OSError as why:
        raise BadMapping(f"{path.name}: {why.strerror}") from why
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as why:
        raise BadMapping(f"{path.name}: is no TOML: {why}") from why
    except BadMapping as why:
        raise BadMapping(f"{path.name}: {why}") from why


def from_plain(plain: Dictionary[str, Any]) -> Mapping:
    """The mapping that a TOML document says.

    Raises:
        BadMapping: a key in it is unknown or does not fit.
    """
    known = {"form", "columns", "quality", *SECTIONS}
    if unknown := sorted(set(plain) - known - {"kind"}):
        raise BadMapping(f"{unknown[0]}: there is no such key; there are {', '.join(sorted(known))}")
    sections = {name: _section(name, kind, plain.get(name, {})) for name, kind in SECTIONS.items()}
    mapping = Mapping(
        form=_word("form", plain.get("form", "long")),
        columns=_columns(plain.get("columns", {})),
        quality=_quality(plain.get("quality", {})),
        **sections,
    )
    _check(mapping)
    return mapping


def _section(name: str, kind: type, plain: object) -> Any:
    if not isinstance(plain, dict):
        raise BadMapping(f"{name}: must be a table of keys")
    known = {one.name: one for one in fields(kind)}
    values: dict[str, Any] = {}
    for key, value in plain.items():
        if key not in known:
            raise BadMapping(f"{name}.{key}: there is no such key; there are {', '.join(known)}")
        if isinstance(value, list):
            value = tuple(map(str, value))  # noqa: PLW2901
        expected = str(known[key].type)
        if not _fits(expected, value):
            raise BadMapping(f"{name}.{key}: must be {expected.removesuffix(' | None')}")
        values[key] = _word(f"{name}.{key}", value)
    return kind(**values)


def _fits(expected: str, value: object) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, tuple):
        return "tuple" in expected
    return (isinstance(value, int) and "int" in expected) or (
        isinstance(value, str) and "str" in expected and "tuple" not in expected
    )


def _word(key: str, value: Any) -> Any:
    if key in WORDS and value not in WORDS[key]:
        raise BadMapping(f"{key}: must be one of {', '.join(repr(str(word)) for word in WORDS[key])}")
    return value


def _columns(plain: object) -> dict[str, str]:
    if not isinstance(plain, dict):
        raise BadMapping("columns: must be a table of keys")
    for role, name in plain.items():
        if role not in ROLES:
            raise BadMapping(f"columns.{role}: there is no such key; there are {', '.join(ROLES)}")
        if not isinstance(name, str | int) or isinstance(name, bool):
            raise BadMapping(f"columns.{role}: must be a column's name, or its number where there is no header")
    return {role: str(name) for role, name in plain.items()}


def _quality(plain: object) -> dict[str, int]:
    if not isinstance(plain, dict):
        raise BadMapping("quality: must be a table of words")
    for word, code in plain.items():
        if not isinstance(code, int) or isinstance(code, bool) or not 0 <= code <= 65_535:
            raise BadMapping(f"quality.{word}: must be a number of QualityOfReading, as 17 for validated")
    return dict(plain)


def _check(mapping: Mapping) -> None:
    """Refuse what no table could be read by.

    Raises:
        BadMapping: a value does not fit.
    """
    unit, zone, length = mapping.values.unit, mapping.time.zone, mapping.interval.length
    if unit is not None and unit_of(unit) is None:
        raise BadMapping(f"values.unit: {unit!r} {worded(unit)}")
    if zone is not None and zone != "local":
        try:
            zone_of(zone)
        except BadZone as why:
            raise BadMapping(f"time.zone: {why}") from why
    if (form := mapping.time.format) is not None and form not in FORMATS:
        _check_pattern(form)
    if isinstance(length, str) and length not in (DAILY, BY_ROW):
        raise BadMapping("interval.length: must be seconds, 'day', or 'row'")
    if isinstance(length, int) and not 0 < length <= 366 * 86_400:
        raise BadMapping("interval.length: must be seconds between 1 and a year's")
    if (mapping.file.header or 0) < 0:
        raise BadMapping("file.header: must be the number of a row, or 0 where no row has names")
    for name in ("delimiter", "quote"):
        sign = getattr(mapping.file, name)
        if sign is not None and (len(sign) != 1 or sign in "\r\n\0"):
            raise BadMapping(f"file.{name}: must be one character")
    if mapping.values.decimal == mapping.values.thousands:
        raise BadMapping("values.thousands: is the same as values.decimal")
    _check_received(mapping)


def _check_received(mapping: Mapping) -> None:
    """Refuse a second column of values where the way they flow is said otherwise.

    Raises:
        BadMapping: it is.
    """
    columns = mapping.columns
    if "received" not in columns:
        return
    if mapping.form == "wide":
        raise BadMapping("columns.received: is for tables with a row a reading; import one with a row a day twice")
    if "flow" in columns:
        raise BadMapping("columns.received: columns.flow says which way a value flows; one of them is too much")
    if mapping.flow.all not in (None, "delivered"):
        raise BadMapping("flow.all: with columns.received, what stands in columns.value is delivered")
    if columns.get("value") == columns["received"]:
        raise BadMapping("columns.received: is the column that columns.value names")


def _check_pattern(pattern: str) -> None:
    """Refuse a pattern by which no time can be read.

    Raises:
        BadMapping: it has parts that are none, or lacks the day.
    """
    advice = f"it may be {', '.join(FORMATS)}, or a pattern as %m/%d/%Y %H:%M"
    parts = re.findall("%(.?)", pattern, re.DOTALL)
    if wrong := next((part for part in parts if part not in DIRECTIVES), None):
        raise BadMapping(f"time.format: {pattern!r} has a part {'%' + wrong!r}, which says nothing of a time; {advice}")
    if not parts or "" in parts:
        raise BadMapping(f"time.format: {pattern!r} is none; {advice}")
    if "Z" in parts:
        raise BadMapping(
            f"time.format: {pattern!r} has names of zones, which say nothing here; write UTC itself and say time.zone, "
            "or have offsets, %z"
        )
    # strptime has 1 PM be one o'clock in the morning by the one, and in either half of the day by the other
    if ("p" in parts) != ("I" in parts):
        raise BadMapping(f"time.format: {pattern!r} has one of %I and %p; both go together, and %H goes without")
    if any(parts.count(part) > 1 for part in set(parts) - {"%"}):
        raise BadMapping(f"time.format: {pattern!r} has a part twice; {advice}")
    if not any(need <= set(parts) for need in DAYS):
        raise BadMapping(f"time.format: {pattern!r} does not say year, month and day; {advice}")


def to_plain(mapping: Mapping) -> dict[str, Any]:
    """A mapping as TOML has it; what is as it would be anyway is left out."""
    plain: dict[str, Any] = {"form": mapping.form, "columns": dict(mapping.columns)}
    for name, kind in SECTIONS.items():
        section, usual = getattr(mapping, name), kind()
        kept = {one.name: getattr(section, one.name) for one in fields(kind)}
        plain[name] = {key: value for key, value in kept.items() if value != getattr(usual, key)}
    plain["quality"] = dict(mapping.quality)
    return {key: value for key, value in plain.items() if value != {}}


def to_toml(mapping: Mapping, notes: Dictionary[str, str] | None = None) -> str:
    """A mapping as a TOML file; `notes` are questions by key, which stand as remarks where their answers belong."""
    plain, open_keys = to_plain(mapping), dict(notes or {})
    lines = [f"form = {_toml(plain.pop('form'))}"]
    for section in ("file", "columns", "values", "time", "interval", "flow", "wide", "quality"):
        asked = {key: note for key, note in open_keys.items() if key.partition(".")[0] == section}
        if section not in plain and not asked:
            continue
        lines += ["", f"[{section}]"]
        lines += [f"{_key(key)} = {_toml(value)}" for key, value in plain.get(section, {}).items()]
        for key, note in asked.items():
            lines += [f"# {note}", f"# {_key(key.partition('.')[2])} = "]
    return "\n".join(lines) + "\n"


def _key(key: str) -> str:
    return key if key.replace("_", "a").replace("-", "a").isalnum() and key.isascii() else json.dumps(key)


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    # JSON's strings are TOML's
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f") if isinstance(value, str) else str(value)


def with_columns(mapping: Mapping, columns: Dictionary[str, str]) -> Mapping:
    """The same with these columns instead."""
    return replace(mapping, columns=dict(columns))
