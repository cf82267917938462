"""What is written to the log: events with keys, and only keys of one list.

No bearer, code, secret, cookie, password, query string, name, address or reading has a key here. Texts of
exceptions are not written either, as they carry values; classes and places are.
"""

import logging
import re
import sys
import time
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import structlog
from structlog.typing import EventDict, WrappedLogger

log = structlog.get_logger()

ALLOWED = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "advice",
        "attempts",
        "authorization",
        "batch",
        "cause",
        "certificates",
        "code",
        "correlation_id",
        "count",
        "dropped",
        "endpoint",
        "entries",
        "fault",
        "job",
        "kind",
        "logger",
        "method",
        "milliseconds",
        "notice",
        "part",
        "port",
        "readings",
        "revision",
        "route",
        "setting",
        "status",
        "subject",
        "third_party",
        "trace",
        "usage_point",
        "version",
    }
)
FIRST = ("timestamp", "level", "event")
# nothing that is quoted or escaped, and not too long
USUAL = re.compile(r"[A-Z]+ [!#-<>-~]{1,1000} [0-9a-f-]+")
LONGEST = 4000
PACKAGE = Path(__file__).resolve().parents[1]


def only_allowed(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Drop every key that is not on the list; the names of the dropped ones stay."""
    if event.keys() <= ALLOWED:
        return event
    kept = {key: value for key, value in event.items() if key in ALLOWED}
    dropped = sorted(set(event) - ALLOWED - {"exc_info", "_record", "_from_structlog"})
    return kept | {"dropped": ",".join(dropped)} if dropped else kept


def traced(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Turn `exc_info` into classes and places, without a text, a value or a line of code."""
    given = event.pop("exc_info", None)
    fault = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(fault, BaseException):
        chain = list(causes(fault))
        event["fault"] = " < ".join(type(link).__qualname__ for link in chain)
        event["trace"] = " | ".join(places(link) for link in chain)
    return event


def causes(fault: BaseException) -> Iterator[BaseException]:
    """The fault, what it came from, and so on."""
    met: set[int] = set()
    link: BaseException | None = fault
    while link is not None and id(link) not in met:
        met.add(id(link))
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


def places(fault: BaseException) -> str:
    """Files, lines and functions that the fault went through, the outermost first."""
    frames = traceback.extract_tb(fault.__traceback__, limit=-30)
    return " ".join(f"{short(frame.filename)}:{frame.lineno}:{frame.name}" for frame in frames)


def short(filename: str) -> str:
    """A path below the package, or the last two parts of one elsewhere."""
    path = Path(filename)
    return str(path.relative_to(PACKAGE)) if path.is_relative_to(PACKAGE) else "/".join(path.parts[-2:])


def one_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Escape line ends and other control characters, and cut what is too long."""
    for key, value in event.items():
        if isinstance(value, str) and not (value.isprintable() and len(value) <= LONGEST):
            event[key] = "".join(c if c.isprintable() else repr(c)[1:-1] for c in value[:LONGEST])
    return event


def first_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Keep a library's message up to its first line end: what follows are values."""
    event["event"] = str(event.get("event", "")).partition("\n")[0]
    return event


PROCESSORS = (
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    traced,
    only_allowed,
    one_line,
)


RENDERER = structlog.processors.LogfmtRenderer(key_order=FIRST, drop_missing=True)


def answered(method: str, route: str, status: int, milliseconds: int, correlation_id: str) -> None:
    """The line of an answer."""
    sys.stderr.write(line_of(method, route, status, milliseconds, correlation_id))


def line_of(method: str, route: str, status: int, milliseconds: int, correlation_id: str) -> str:
    """The line of an answer, to be written to standard error; empty where it was written otherwise.

    There is one for each, so the usual one is made straight; it is the same line.
    """
    said = f"{method} {route} {correlation_id}"
    if structlog.get_config()["processors"][-1] is not RENDERER or not USUAL.fullmatch(said):
        log.info(
            "answered",
            method=method,
            route=route,
            status=status,
            milliseconds=milliseconds,
            correlation_id=correlation_id,
        )
        return ""
    return (
        f"timestamp={stamp(time.time_ns())} level=info event=answered method={method} route={route} status={status} "
        f"milliseconds={milliseconds} correlation_id={correlation_id}\n"
    )


def stamp(nanoseconds: int) -> str:
    """A time as every line has it, of nanoseconds since 1970."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{second_of(seconds)}.{rest // 1_000:06d}Z"


@lru_cache(maxsize=4)
def second_of(seconds: int) -> str:
    """A second of it: most lines are of the same as the one before."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def configure() -> None:
    """Send our events and those of the libraries to standard error, one line each."""
    structlog.configure(
        processors=[*PROCESSORS, RENDERER],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    libraries = structlog.stdlib.ProcessorFormatter(
        processors=[RENDERER],
        foreign_pre_chain=(first_line, *PROCESSORS),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(libraries)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
