"""What is written to the log: events with keys, and only keys of one list.

No bearer, code, secret, cookie, password, query string, name, address or reading has a key here. Texts of
exceptions are not written either, as they carry values; classes and places are.
"""

import logging
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

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
# nothing that is quoted or escaped, and not too long
USUAL = re.compile(r"[A-Z]+ [!#-<>-~]{1,1000} [0-9a-f-]+")
LONGEST = 4000
QUOTED = re.compile(r"[ =\"]")
PACKAGE = Path(__file__).resolve().parents[1]


Event = dict[str, object]
# of an exception, as `logging` has it
Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def say(event: Event) -> None:
    """Write an event as a line on standard error."""
    sys.stderr.write(line(event) + "\n")


@dataclass
class Log:
    """Says what happens: an event by its name, and its keys."""

    # who hears of it
    sink: Callable[[Event], None] = field(default=say, repr=False)

    def info(self, event: str, **keys: object) -> None:
        """What is usual."""
        self._say("info", event, keys)

    def warning(self, event: str, *, fault: BaseException | None = None, **keys: object) -> None:
        """What somebody should look at, by which fault."""
        self._say("warning", event, keys | traced(fault))

    def error(self, event: str, *, fault: BaseException | None = None, **keys: object) -> None:
        """What did not work, by which fault."""
        self._say("error", event, keys | traced(fault))

    def exception(self, event: str, **keys: object) -> None:
        """The same, by the fault that is being handled."""
        self.error(event, fault=sys.exc_info()[1], **keys)

    def critical(self, event: str, **keys: object) -> None:
        """What must not stay so."""
        self._say("critical", event, keys)

    @contextmanager
    def heard(self) -> Iterator[list[Event]]:
        """What is said during the block, in place of writing it."""
        before, events = self.sink, list[Event]()
        self.sink = events.append
        try:
            yield events
        finally:
            self.sink = before

    def _say(self, level: str, event: str, keys: Event) -> None:
        self.sink({"timestamp": now(), "level": level, "event": event} | keys)


log = Log()


def now() -> str:
    """This moment, as lines begin."""
    return f"{datetime.now(UTC).replace(tzinfo=None).isoformat()}Z"


def line(event: Event) -> str:
    """An event as logfmt: `key=value`, of allowed keys alone, quoted where that is needed; always one line."""
    return " ".join(f"{key}={shown(value)}" for key, value in only_allowed(event).items())


def only_allowed(event: Event) -> Event:
    """Drop every key that is not on the list; the names of the dropped ones stay."""
    if event.keys() <= ALLOWED:
        return event
    kept = {key: value for key, value in event.items() if key in ALLOWED}
    return kept | {"dropped": ",".join(sorted(event.keys() - ALLOWED))}


def shown(value: object) -> str:
    """A value without line ends and other control characters, and not too long."""
    if value is None:
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if not (text.isprintable() and len(text) <= LONGEST):
        text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[:LONGEST])
    if QUOTED.search(text):
        text = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{text}"'
    return text


def traced(fault: BaseException | None) -> Event:
    """A fault as classes and places, without a text, a value or a line of code."""
    if fault is None:
        return {}
    chain = list(causes(fault))
    return {
        "fault": " < ".join(type(link).__qualname__ for link in chain),
        "trace": " | ".join(places(link) for link in chain),
    }


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


def answered(method: str, route: str, status: int, milliseconds: int, correlation_id: str) -> None:
    """The line of an answer. There is one for each, so the usual one is written straight; it is the same line."""
    said = f"{method} {route} {correlation_id}"
    if log.sink is not say or not USUAL.fullmatch(said):
        log.info(
            "answered",
            method=method,
            route=route,
            status=status,
            milliseconds=milliseconds,
            correlation_id=correlation_id,
        )
        return
    sys.stderr.write(
        f"timestamp={now()} level=info event=answered method={method} route={route} status={status} "
        f"milliseconds={milliseconds} correlation_id={correlation_id}\n"
    )


class Libraries(logging.Formatter):
    """What a library says, as an event of ours: up to its first line end, as what follows are values."""

    def format(self, record: logging.LogRecord) -> str:
        """Its line."""
        raised: Raised = record.exc_info or (None, None, None)
        event = record.getMessage().partition("\n")[0]
        return line({"timestamp": now(), "level": record.levelname.lower(), "event": event} | traced(raised[1]))


def configure() -> None:
    """Send events of the libraries to standard error too, one line each."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Libraries())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
