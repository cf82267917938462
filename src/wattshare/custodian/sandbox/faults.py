"""The faults that a sandbox can be made to have. Which of them it has stands in a file of its home."""

import fcntl
import json
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from wattshare.custodian.sandbox.home import Home, write_private
from wattshare.custodian.settings import BadSettings

FILE = "faults.json"


class Fault(StrEnum):
    """A way in which a utility is unruly."""

    LATE_BATCH = "late-batch"
    ENDLESS_202 = "endless-202"
    NOTICE_TWICE = "notice-twice"
    NOTICE_LOST_ONCE = "notice-lost-once"
    TOO_MANY = "429"
    SHORT_TOKENS = "short-tokens"
    EXPIRED_CERTIFICATE = "expired-certificate"
    MISSING_DAY = "missing-day"
    LATE_CORRECTION = "late-correction"
    SLOW_ANSWERS = "slow-answers"
    BURSTS_OF_5XX = "5xx-in-bursts"
    REVOKED_IN_MID_DOWNLOAD = "revoked-in-mid-download"


MEANT = {
    Fault.LATE_BATCH: "a file is begun an hour after it was ordered",
    Fault.ENDLESS_202: "no file is made at all, as long as it is on",
    Fault.NOTICE_TWICE: "every notice that is taken comes once more, with the same `webhook-id`",
    Fault.NOTICE_LOST_ONCE: "the first try of every notice is lost on its way",
    Fault.TOO_MANY: "every other request of a resource is answered 429 with `Retry-After: 1`",
    Fault.SHORT_TOKENS: "access and client tokens that are issued live for 20 seconds",
    Fault.EXPIRED_CERTIFICATE: "every client certificate is refused as an expired one is: 400 `Invalid Certificate`",
    Fault.MISSING_DAY: "mornings come without readings; the first one after it is off brings them too",
    Fault.LATE_CORRECTION: "each morning brings the day before once more, a quarter larger",
    Fault.SLOW_ANSWERS: "resources take five seconds before they begin to answer",
    Fault.BURSTS_OF_5XX: "of ten requests of a resource the first is answered 502 and the second 503",
    Fault.REVOKED_IN_MID_DOWNLOAD: "somebody in a prepared file stops sharing while it is fetched, once of each file",
}


@dataclass
class Faults:
    """Those that are on, in every process that works with the home."""

    home: Path
    _read: tuple[int, frozenset[Fault]] = field(default=(-1, frozenset()), init=False)

    def on(self) -> frozenset[Fault]:
        """Which ones; the file is read again when it has changed."""
        file = self.home / FILE
        try:
            changed = file.stat().st_mtime_ns
        except FileNotFoundError:
            return frozenset()
        known, present = self._read
        if changed != known:
            present = frozenset(map(Fault, json.loads(file.read_text())))
            self._read = (changed, present)
        return present

    def __contains__(self, fault: Fault) -> bool:
        """Whether it is on."""
        return fault in self.on()

    def turn(self, fault: Fault, *, on: bool) -> frozenset[Fault]:
        """Turn one on or off. Those that are on then."""
        with (self.home / f".{FILE}.turning").open("w") as turning:
            fcntl.flock(turning, fcntl.LOCK_EX)
            present = self.on() | {fault} if on else self.on() - {fault}
            write_private(self.home / FILE, json.dumps(sorted(present)).encode())
        return present


def faults_of(path: Path) -> Faults:
    """Those of a sandbox.

    Raises:
        BadSettings: there is none.
    """
    if Home(path=path.absolute()).made is None:
        raise BadSettings(f"{path} is no sandbox: start one with `wattshare sandbox --home {path}`.")
    return Faults(path.absolute())


def fault_named(name: str) -> Fault:
    """The fault of that name.

    Raises:
        BadSettings: there is none.
    """
    try:
        return Fault(name)
    except ValueError:
        raise BadSettings(f"There is no fault {name!r}; there are: {', '.join(Fault)}.") from None
