"""What the columns of a table may mean, by their names and by the first rows. Only what is safe is guessed."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from wattshare.custodian.formats.tables.amounts import shown
from wattshare.custodian.formats.tables.faults import Question
from wattshare.custodian.formats.tables.mapping import DAILY, FLOWS, NAMES, Flow, Times, Values
from wattshare.custodian.formats.tables.mapping import Mapping as Meaning
from wattshare.custodian.formats.tables.moments import DAY, EPOCH_MILLISECONDS, EPOCH_SECONDS, EXCEL, ISO, Moments
from wattshare.custodian.formats.tables.units import RATES, unit_of
from wattshare.custodian.formats.tables.wide import Cells, cells_of

# names of columns without what is no letter or digit, by what they mean
SYNONYMS: Mapping[str, tuple[str, ...]] = {
    role: tuple(names.split())
    for role, names in {
        "usage_point": """
            usagepoint usagepointid servicepoint servicepointid spid sp servicedeliverypoint sdp sdpid esiid esi
            mpan mpxn nmi premise premiseid said sa serviceid serviceagreement serviceagreementid point pointid
            deliverypoint udc udcid meterpoint meterpointid meteringpoint meteringpointid pod podid pointofdelivery
        """,
        "meter": """
            meter meterid meternumber meterno meterserial serial serialnumber badge badgenumber deviceid device
            meterbadge metersn
        """,
        "account": "account accountid accountnumber accountno acct acctno acctnumber customeraccount",
        "channel": "channel channelid channelnumber register registerid logicalchannel meterchannel",
        "flow": "flow flowdirection direction deliveredreceived importexport",
        "start": """
            start starttime startdatetime startdate begin begintime intervalstart from fromtime intervalstarttime
            intervalbegin intervalbeginning datetimestart startutc startlocal readstart periodstart
            intervalstartdatetime usagestarttime
        """,
        "end": """
            end endtime enddatetime enddate intervalend intervalendtime to totime until intervalending datetimeend
            endutc endlocal readend periodend intervalenddatetime usageendtime
        """,
        "date": "date day readdate usagedate intervaldate servicedate flowdate operatingday datetime timestamp",
        "time": "time timeofday readtime hour intervaltime",
        "duration": "duration intervallength intervalminutes length intervalseconds intervalsize",
        "fold": "dst dstflag fold tzname timezone tz isdst dstindicator",
        "value": """
            value usage consumption reading quantity qty usagevalue energy intervalvalue intervalusage amount volume
            intervalreading
        """,
        "unit": "unit uom units unitofmeasure usageunit measurementunit",
        "quality": "quality qualitycode status statuscode flag readquality qualityflag readstatus",
        "tou": "tou toucode timeofuse",
        "tier": "tier consumptiontier",
        "cpp": "cpp",
        "cost": "cost charge intervalcost",
    }.items()
}
BY_NAME = {name: role for role, names in SYNONYMS.items() for name in names}
# words that mean one thing wherever they stand
FLOW_WORDS = {
    "delivered": ("delivered", "import", "imported", "consumption", "forward", "fromgrid"),
    "received": ("received", "export", "exported", "generation", "reverse", "togrid"),
    "net": ("net",),
}
QUALITIES = {
    "valid": 0,
    "validated": 17,
    "verified": 18,
    "revenue quality": 19,
    "manually edited": 7,
    "raw": 14,
    "questionable": 10,
    "projected": 12,
}
# any of which says when a reading is
STARTS = ("start", "end", "date")
PATTERNS = (
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %I:%M %p",
    "%d/%m/%Y %I:%M:%S %p",
    "%d/%m/%Y",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d",
    "%d-%b-%Y %H:%M",
    "%d-%b-%Y %H:%M:%S",
    "%d-%b-%Y",
    "%Y-%m-%d %H",
    "%m/%d/%Y %H",
    "%d/%m/%Y %H",
    "%d.%m.%Y %H",
    "%Y%m%d%H%M",
    "%Y%m%d %H:%M",
    "%Y%m%d %H%M",
    "%Y%m%d %H",
    "%Y%m%d",
)
# which way the values of a column flow, if its name has such a word
WAYS = {
    "delivered": frozenset({"delivered", "import", "imported", "imports"}),
    "received": frozenset({"received", "export", "exported", "exports"}),
}
_NUMBER = re.compile(r"[-+]?[\d.,' ]*\d")
_OFFSET = re.compile(r"(?:[Zz]|[+-]\d\d:?\d\d)$")
_TIME_OF_DAY = re.compile(r"\d{1,2}:\d\d(?::\d\d)?(?:\s?[AaPp][Mm])?")
_DAY = re.compile(r"[^:]*\d[^:]*")
_WITH_UNIT = re.compile(r"(.*?)[\s_]*[\[(_ ]\s*([A-Za-z0-9³]{1,8})\s*[\])]?")


@dataclass(frozen=True)
class Sample:
    """The beginning of a table."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def column(self, name: str) -> list[str]:
        """The cells of a column that are not empty."""
        at = self.header.index(name)
        return [row[at].strip() for row in self.rows if len(row) > at and row[at].strip()]


def guess(sample: Sample, given: Meaning) -> Meaning:
    """A mapping with what was not given guessed where it is safe."""
    meaning = _columns(sample, given)
    cells = cells_of(sample.header) if meaning.form == "wide" else None
    meaning = _values(sample, meaning)
    meaning = _times(sample, meaning, cells)
    return _words(sample, meaning)


def _columns(sample: Sample, given: Meaning) -> Meaning:
    columns, unit = dict(given.columns), given.values.unit
    wide = given.form == "wide" or ("value" not in columns and given.file.header != 0 and cells_of(sample.header))
    values = set(cells.places) if wide and (cells := cells_of(sample.header)) else set[int]()
    spare = dict[str, str]()
    for at, name in enumerate(sample.header):
        if at in values or not name or name in columns.values() or sample.header.count(name) > 1:
            continue
        role, found = _role(name)
        if role and role not in columns and not (wide and role in {"value", "time", "start", "end"}):
            columns[role] = name
            unit = unit or found
        elif wide and role == "start" and "date" not in columns:
            columns["date"] = name
        elif role:
            spare.setdefault(role, name)
    # who says which way all readings flow means one column of them
    if not wide and given.flow.all is None:
        columns |= _both_ways(sample, columns)
    if unit is None and not wide and "value" in columns:
        unit = _unit_in(columns["value"])
    columns, stamp = (columns, None) if wide else _dated(sample, given, columns, spare)
    # of two that say when, the one that says more
    if "start" in columns or "end" in columns:
        columns = {
            role: name for role, name in columns.items() if role not in {"date", "time"} or role in given.columns
        }
    return replace(
        given,
        form="wide" if wide else "long",
        columns=columns,
        values=replace(given.values, unit=unit if "unit" not in columns else given.values.unit),
        time=replace(given.time, stamp=given.time.stamp or stamp),
    )


def _both_ways(sample: Sample, columns: Mapping[str, str]) -> dict[str, str]:
    """The columns of a table that has what was delivered and what was received in one row; nothing if none or several.

    Words that may mean something else, as consumption and generation do, are left to be asked about.
    """
    if columns.keys() & {"value", "received", "flow"}:
        return {}
    found: dict[str, list[str]] = {way: [] for way in WAYS}
    for name in sample.header:
        ways = [way for way, known in WAYS.items() if _words_in(name) & known]
        if len(ways) == 1 and name not in columns.values() and _all_numbers(sample, name):
            found[ways[0]].append(name)
    delivered, received = found["delivered"], found["received"]
    if len(delivered) != 1 or len(received) != 1 or _unit_in(delivered[0]) != _unit_in(received[0]):
        return {}
    return {"value": delivered[0], "received": received[0]}


def _all_numbers(sample: Sample, name: str) -> bool:
    return sample.header.count(name) == 1 and all(map(_NUMBER.fullmatch, sample.column(name)))


def _dated(
    sample: Sample, given: Meaning, columns: dict[str, str], spare: Mapping[str, str]
) -> tuple[dict[str, str], str | None]:
    """Columns with a day and a time of day for what stands in two, and whether both say starts or ends.

    `Date` and `Start Time` are one time, as `Start Date` and `Start Time` are; a time of day alone is none.
    """

    free = [role for role in ("start", "end") if role in columns and role not in given.columns]
    rest = {role: name for role, name in columns.items() if role not in free}
    for role in free:
        names = [name for name in (columns[role], spare.get(role)) if name]
        time = next((name for name in names if _all_are(_TIME_OF_DAY, sample, name)), None)
        day = columns.get("date") or next((name for name in names if _all_are(_DAY, sample, name)), None)
        if time and day:
            return ({**rest, "date": day, "time": time}, role) if "time" not in rest else (rest, None)
    return (rest if "date" in given.columns else columns), None


def _all_are(pattern: re.Pattern[str], sample: Sample, name: str) -> bool:
    texts = sample.column(name)
    return bool(texts) and all(map(pattern.fullmatch, texts))


def _role(name: str) -> tuple[str | None, str | None]:
    """What a column's name means, and the unit that it names."""
    bare = _bare(name)
    if bare in BY_NAME:
        return BY_NAME[bare], None
    # the unit alone, as in "kWh", or behind the name, as in "Usage (kWh)"
    if unit_of(name):
        return "value", name
    found = _WITH_UNIT.fullmatch(name)
    if found and unit_of(found[2]) and (BY_NAME.get(_bare(found[1])) == "value" or not _bare(found[1])):
        return "value", found[2]
    return None, None


def _unit_in(name: str) -> str | None:
    """The unit that stands alone in a name of a column of values, or behind what it says in whatever language."""
    found = _WITH_UNIT.fullmatch(name)
    return name if unit_of(name) else found[2] if found and unit_of(found[2]) else None


def _bare(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _values(sample: Sample, meaning: Meaning) -> Meaning:
    values = meaning.values
    wide = cells_of(sample.header) if meaning.form == "wide" else None
    if (wide or "value" in meaning.columns) and values == replace(
        Values(), unit=values.unit, commodity=values.commodity, empty=values.empty
    ):
        if wide:
            cells = [row[at].strip() for row in sample.rows for at in wide.places if at < len(row)]
        else:
            cells = sample.column(meaning.columns["value"])
        # a comma that is no thousand's, and never a point
        if any(re.fullmatch(r"-?\d+,\d{1,2}|-?\d+,\d{4,}|-?0\d*,\d+", cell) for cell in cells) and not any(
            "." in one for one in cells
        ):
            values = replace(values, decimal=",")
    return replace(meaning, values=values)


def _times(sample: Sample, meaning: Meaning, cells: Cells | None) -> Meaning:
    columns, times, interval = meaning.columns, meaning.time, meaning.interval
    texts = _texts_of(sample, meaning)
    if times.format is None and texts:
        times = replace(times, format=_format(texts))
    if times.zone is None and times.format == ISO and texts and all(map(_with_offset, texts)):
        times = replace(times, zone="offset")
    if cells is not None and times.stamp is None and not cells.counted:
        # a day that begins at midnight and one that ends at it
        times = replace(times, stamp="start" if 0 in cells.times and cells.times[0] == 0 else "end")
    if interval.length is None and "duration" not in columns:
        interval = replace(interval, length=cells.step if cells else _length(sample, meaning, times, texts))
    return replace(meaning, time=times, interval=interval)


def _texts_of(sample: Sample, meaning: Meaning) -> list[str]:
    """The times of the first rows, as they stand there."""
    columns = meaning.columns
    name = columns.get("start") or columns.get("end") or columns.get("date")
    texts = sample.column(name) if name in sample.header else []
    if "date" in columns and "time" in columns and meaning.form == "long" and name == columns["date"]:
        texts = [f"{day} {time}" for day, time in zip(texts, sample.column(columns["time"]), strict=False)]
    return texts


def shown_times(sample: Sample, meaning: Meaning, asked: Question) -> Question:
    """The question how times are written, with one of them and the patterns that it may have."""
    texts = _texts_of(sample, meaning)
    if not texts:
        return asked
    fits = tuple(pattern for pattern in PATTERNS if _fits(pattern, texts))
    sentence = f"How are times written, as {shown(texts[0])}?"
    return replace(asked, sentence=sentence, choices=fits or asked.choices)


def _with_offset(text: str) -> bool:
    return len(text) > 10 and bool(_OFFSET.search(text[10:]))


def _format(texts: Sequence[str]) -> str | None:
    """The one format that the times have, but for a few, whose rows are bad; None where several fit or none does."""
    if all(re.fullmatch(r"\d{9,10}", text) for text in texts):
        return EPOCH_SECONDS
    if all(re.fullmatch(r"\d{12,13}", text) and not text.startswith("20") for text in texts):
        return EPOCH_MILLISECONDS
    if all(re.fullmatch(r"[2-7]\d{4}(\.\d+)?", text) for text in texts) and _fits(EXCEL, texts):
        return EXCEL
    if all(re.match(r"\d{4}-\d\d-\d\d", text) for text in texts) and _fits(ISO, texts):
        return ISO
    fits = [pattern for pattern in PATTERNS if _fits(pattern, texts)]
    # 03/04/2024 may be either day
    if fits:
        return fits[0] if len(fits) == 1 else None
    some = [pattern for pattern in (ISO, *PATTERNS) if _times_in(pattern, texts)]
    often = len(_times_in(some[0], texts)) if len(some) == 1 else 0
    return some[0] if often * 10 >= 9 * len(texts) else None


def _fits(pattern: str, texts: Sequence[str]) -> bool:
    return len(_times_in(pattern, texts)) == len(texts)


def _times_in(pattern: str, texts: Sequence[str]) -> list[str]:
    """The texts that are times of a pattern."""
    # 1 to 24 are hours, and no minutes
    if pattern.endswith(" %H%M") and all(len(text.split()[-1]) < 3 for text in texts):
        return []
    moments = Moments("", pattern, None)
    return [text for text in texts if moments.parsed(text) is not None]


def _length(sample: Sample, meaning: Meaning, times: Times, texts: Sequence[str]) -> int | str | None:
    """How far the times of one series are apart, where most agree; days are days."""
    if times.format is None or not texts:
        return None
    moments = Moments("", times.format, None)
    if times.format not in (EPOCH_SECONDS, EPOCH_MILLISECONDS) and all(
        _is_date(moments, text) for text in _times_in(times.format, texts)
    ):
        return DAILY
    names = [role for role in (*NAMES, "channel", "flow", "unit") if role in meaning.columns]
    series: dict[tuple[str, ...], list[int]] = {}
    places = [sample.header.index(meaning.columns[role]) for role in names]
    for row, text in zip(sample.rows, texts, strict=False):
        second = moments.plain(text)
        if second is not None and len(row) == len(sample.header):
            series.setdefault(tuple(row[at] for at in places), []).append(second)
    steps = Counter(step for found in series.values() for step in _steps(found))
    if not steps:
        return None
    step, often = steps.most_common(1)[0]
    return step if often * 10 >= 9 * steps.total() and step <= DAY else None


def _steps(seconds: Sequence[int]) -> Iterator[int]:
    for sooner, later in pairwise(sorted(set(seconds))):
        yield later - sooner


def _is_date(moments: Moments, text: str) -> bool:
    at = moments.parsed(text)
    return at is not None and at.hour == at.minute == at.second == 0 and ":" not in text


def _words(sample: Sample, meaning: Meaning) -> Meaning:
    """Words of the flow and quality columns that mean one thing wherever they stand."""
    columns, flow, quality = meaning.columns, meaning.flow, dict(meaning.quality)
    if "flow" in columns and flow == Flow():
        words = set(sample.column(columns["flow"]))
        found = {name: tuple(sorted(word for word in words if _bare(word) in FLOW_WORDS[name])) for name in FLOWS}
        flow = Flow(delivered=found["delivered"], received=found["received"], net=found["net"])
    if "quality" in columns:
        for word in set(sample.column(columns["quality"])):
            if word not in quality and word.casefold() in QUALITIES:
                quality[word] = QUALITIES[word.casefold()]
    return replace(meaning, flow=flow, quality=dict(sorted(quality.items())))


def flow_in(name: str) -> str:
    """The flow other than delivered that a column's name speaks of; "" where it speaks of none."""
    words = _words_in(name)
    return next((flow for flow in ("received", "net") if words & {*FLOW_WORDS[flow]}), "")


def _words_in(name: str) -> set[str]:
    return {_bare(word) for word in re.split(r"[\W_]+", name)}


def names_readings(header: Sequence[str]) -> bool:
    """Whether the names of columns alone say that values of something at some time stand under them."""
    columns = guess(Sample(tuple(header), ()), Meaning()).columns
    # kW is no unit of readings, which is told of readings
    rated = any(name.strip().casefold() in RATES for name in header)
    valued = rated or "value" in columns or cells_of(header) is not None or any(map(_unit_in, header))
    return valued and any(role in columns for role in NAMES) and any(role in columns for role in STARTS)


def open_words(sample: Sample, meaning: Meaning) -> Iterator[Question]:
    """Words of the first rows that the mapping does not know."""
    columns = meaning.columns
    if "flow" in columns:
        known = {word.casefold() for name in FLOWS for word in getattr(meaning.flow, name)}
        words = sorted({word for word in sample.column(columns["flow"]) if word.casefold() not in known})
        if words:
            yield Question(
                key="flow.delivered",
                sentence=f"Which of {', '.join(map(shown, words))} are delivered, and which received?",
            )
    if "quality" in columns:
        codes = {word.casefold() for word in meaning.quality}
        for word in sorted({word for word in sample.column(columns["quality"]) if word.casefold() not in codes}):
            yield Question(
                key=f"quality.{word}",
                sentence=f"What is the quality {shown(word)}?",
                choices=("0 valid", "7 edited", "8 estimated", "14 raw", "17 validated", "19 revenue quality"),
            )
