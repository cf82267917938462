"""Files taken in: whole or not at all, and the same twice changes nothing."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO, cast

from wattshare.custodian.formats import hrefs
from wattshare.custodian.formats.green_button import Staged, Unplaceable, stage
from wattshare.custodian.formats.kin import Links
from wattshare.custodian.formats.linking import Linked, link
from wattshare.custodian.formats.remarks import Remark
from wattshare.custodian.formats.spool import SummaryRow, open_spool
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.errors import Conflict, Unknown
from wattshare.custodian.model.premises import Account, ProgramCode
from wattshare.custodian.services.intake.channels import Channels
from wattshare.custodian.services.intake.customers import CustomerParts
from wattshare.custodian.services.intake.points import Points
from wattshare.custodian.services.intake.report import Progress, Refused, Report, once_more
from wattshare.custodian.services.intake.telling import Tell, untold
from wattshare.custodian.store.bills import local_bill_date
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi import dst, ids
from wattshare.espi.plain import from_plain
from wattshare.espi.profile import Profile
from wattshare.espi.usage import DateTimeInterval, ElectricPowerQualitySummary, UsageSummary
from wattshare.espi.wire import Limits, Malformed

# channels that are kept of a report
NAMED = 20


@dataclass(frozen=True)
class Intake:
    """The way in for files of readings, bills and customers."""

    store: Store
    now: Clock
    profile: Profile
    limits: Limits | None = None

    def manner(
        self, usage_point: int | None, account: str | None, lenient: bool, again: str = ""
    ) -> dict[str, Any] | None:
        """What makes the same bytes another import; None where the account is not known."""
        found = None
        if account is not None:
            with self.store.read(Purpose.INTAKE) as tx:
                found = tx.customers.by_account_number(account)
            if found is None:
                return None
        return _manner(usage_point, found, lenient, again)

    def take(
        self,
        source: bytes | BinaryIO,
        *,
        name: str,
        usage_point: int | None = None,
        account: str | None = None,
        lenient: bool = False,
        dry_run: bool = False,
        again: str = "",
        tell: Tell = untold,
    ) -> Report:
        """Take one Green Button document in: read it to its end first, then store it in one transaction.

        `usage_point` is where its one usage point lands; `account` the number of the account whose agreement its
        usage points get, from the first reading on. A refusal is in the report, and nothing of the file is kept.
        """
        hashed = _Hashed(BytesIO(source) if isinstance(source, bytes) else source)
        with open_spool() as spool:
            try:
                staged = stage(cast(BinaryIO, hashed), spool, self.profile, lenient=lenient, limits=self.limits)
                linked = link(staged)
            except Malformed as why:
                return _refused(name, why.rule, why.sentence, line=why.line, element=why.element)
            except Unplaceable as why:
                return _refused(name, "placing", why.sentence, element=f"{why.element} {why.place}".strip())
            task = _Task(self, linked, name, hashed.hexdigest(), usage_point, account, lenient, dry_run, again, tell)
            return task.run()


@dataclass(frozen=True)
class _Task:
    """One file on its way into the store."""

    intake: Intake
    linked: Linked
    name: str
    digest: str
    usage_point: int | None
    account: str | None
    lenient: bool
    dry_run: bool
    again: str
    tell: Tell

    @property
    def staged(self) -> Staged:
        return self.linked.staged

    def run(self) -> Report:
        """Store everything, or nothing."""
        try:
            with self.intake.store.begin(Purpose.INTAKE) as tx:
                report = self._store(tx)
        except _Tried as tried:
            return tried.report
        except (Conflict, Unknown) as why:
            return _refused(self.name, "conflict", why.told, digest=self.digest)
        except Unplaceable as why:
            element = f"{why.element} {why.place}".strip()
            return _refused(self.name, "placing", why.sentence, element=element, digest=self.digest)
        return report

    def _store(self, tx: Tx) -> Report:
        account = self._account(tx)
        manner = _manner(self.usage_point, account, self.lenient, self.again)
        if (before := tx.imports.report(self.digest, manner)) is not None:
            points = tuple(before["usage_points"])
            return Report(name=self.name, digest=self.digest, known=True, dry_run=self.dry_run, usage_points=points)
        at, progress = tx.revisions.turn(self.intake.now), Progress()
        revision = tx.revisions.begin("import", at)
        self._fill(tx, progress, revision, at, account)
        report = self._report(progress, None if self.dry_run else revision)
        kept = report.kept(channels=NAMED)
        tx.imports.add(self.digest, manner, revision=revision, at=at, report=kept.as_plain())
        tx.revisions.end(revision, self.intake.now)
        if self.dry_run:
            raise _Tried(report)
        return report

    def _fill(self, tx: Tx, progress: Progress, revision: int, at: int, account: Account | None) -> None:
        reason = f"import {self.digest[:12]}"
        points = Points(tx=tx, onto=self.usage_point)
        keys = self._place_summaries()
        billed = self._billed(keys)
        if self.usage_point is not None and len(self.staged.points) != 1:
            raise Conflict(f"The file has {len(self.staged.points)} usage points, not one.", field="usage_point")
        channels = Channels(
            tx=tx, profile=self.intake.profile, linked=self.linked, revision=revision, at=at, reason=reason
        )
        for done, (key, entry) in enumerate(self.staged.points.items()):
            self.tell("storing", done, len(self.staged.points))
            here = progress.usage_points[key] = points.take(entry, self.linked, billed.get(key))
            progress.channels += channels.take(key, here)
        progress.shown = tuple(channels.shown)
        self._put_bills(tx, progress, keys, revision, at, reason)
        for types in self.staged.reading_types.values():
            for reading_type in types:
                tx.readings.put_reading_type(reading_type)
        for code in self.staged.program_codes:
            if code.code.strip().isascii() and code.code.strip().isdigit():
                tx.programs.put_code(ProgramCode(what=code.kind, code=int(code.code), name=code.name, note=code.note))
        self._compare_zones()
        parts = CustomerParts(tx=tx, points=points, linked=self.linked, counts=progress.customers)
        progress.spoken_of = parts.take()
        if account:
            for here in sorted(set(progress.usage_points.values())):
                self._claim(tx, here, account, at)

    def _account(self, tx: Tx) -> Account | None:
        if self.account is None:
            return None
        found = tx.customers.by_account_number(self.account)
        if found is None:
            raise Unknown("No account has this number.", field="account")
        return found

    def _place_summaries(self) -> list[str]:
        """The usage point that each summary is of; each of them is in the file, or made up of its address."""
        keys = []
        for row in self.staged.spool.summaries():
            links = Links(self_href=row.self_href, up=row.up)
            keys.append(self.staged.point_of(links, self.linked.points, str(row.content["@type"])))
        return keys

    def _billed(self, keys: list[str]) -> dict[str, int]:
        """What the summaries say of each usage point's service."""
        said = ((key, row.content.get("commodity")) for key, row in zip(keys, self._summaries(), strict=True))
        return {key: commodity for key, commodity in said if isinstance(commodity, int)}

    def _summaries(self) -> Iterator[SummaryRow]:
        return self.staged.spool.summaries()

    def _put_bills(self, tx: Tx, progress: Progress, keys: list[str], revision: int, at: int, reason: str) -> None:
        told: dict[str, Any] = {
            "revision": revision,
            "at": at,
            "reason": reason,
            "profile": self.intake.profile,
        }
        places = _Places()
        for key, row in zip(keys, self._summaries(), strict=True):
            here, summary = progress.usage_points[key], from_plain(row.content)
            told["issued_at"] = row.issued_at
            match summary:
                case UsageSummary():
                    date, nth = self._bill_date(row, summary), places.of(here, row, summary.billing_period)
                    outcome = tx.bills.put(here, summary, date, nth=nth, **told)
                case ElectricPowerQualitySummary():
                    nth = places.of(here, row, summary.summary_interval)
                    outcome = tx.bills.put_quality(here, summary, nth=nth, **told)
                case _:
                    raise TypeError(f"a {type(summary).__name__} among the summaries")
            progress.bills[outcome] += 1

    def _bill_date(self, row: SummaryRow, summary: UsageSummary) -> int:
        """What the summary's own id says; else the local day on which its period, or what it is of, ends."""
        try:
            return ids.read_summary_id(hrefs.last_of(row.self_href or ""))
        except ValueError:
            period = summary.billing_period
            end = summary.status_time_stamp if period is None else period.start + period.duration
            return local_bill_date(end, self.intake.profile)

    def _compare_zones(self) -> None:
        ours = dst.parameters(self.intake.profile.zone)
        for theirs in self.staged.local_times:
            same = all(
                str(getattr(ours, name)).upper() == str(getattr(theirs, name)).upper()
                for name in ("dst_end_rule", "dst_offset", "dst_start_rule", "tz_offset")
            )
            if not same:
                self.staged.warnings.remark(Remark.OTHER_ZONE, str(theirs.tz_offset))

    def _claim(self, tx: Tx, here: int, account: Account, at: int) -> None:
        """Have an agreement of the account to a usage point, from the first reading or bill on.

        Raises:
            Conflict: the service is somebody else's.
        """
        firsts = [first for first in (tx.readings.first_day(here), tx.bills.first_day(here)) if first is not None]
        first = local_bill_date(min(firsts, default=at), self.intake.profile)
        agreements = tx.customers.agreements_of(here)
        if any(agreement.account_id == account.id for agreement in agreements):
            return
        if agreements:
            # somebody lived there before: what was metered then stays theirs
            first = max(first, agreements[-1].ends or first)
        tx.customers.add_agreement(here, account.id, str(here), starts=first)

    def _report(self, progress: Progress, revision: int | None) -> Report:
        return Report(
            name=self.name,
            digest=self.digest,
            revision=revision,
            dry_run=self.dry_run,
            entries=dict(sorted(self.staged.counts.items())),
            read=self.staged.readings,
            repeated=self.staged.repeated,
            readings=progress.readings,
            bills=progress.billed,
            usage_points=tuple(sorted({*progress.usage_points.values(), *progress.spoken_of})),
            names=progress.names,
            channels=tuple(progress.channels),
            customers=dict(sorted(progress.customers.items())),
            warnings=self.staged.warnings.all(),
            preview=progress.shown if self.dry_run else (),
        )


class _Places:
    """Which of the summaries of one period each one of a file is, from 0.

    Those issued at one time are different ones, though they may be alike but for a total; those issued later are
    the same ones again.
    """

    def __init__(self) -> None:
        self._issued: dict[tuple[object, ...], tuple[int | None, list[object]]] = {}

    def of(self, here: int, row: SummaryRow, period: DateTimeInterval | None) -> int:
        """The place of the next one; they come in the order of issue."""
        key = (here, row.content["@type"], period)
        issued_at, contents = self._issued.get(key, (row.issued_at, []))
        if issued_at != row.issued_at:
            contents = []
        if row.content not in contents:
            contents.append(row.content)
        self._issued[key] = (row.issued_at, contents)
        return contents.index(row.content)


class _Tried(Exception):
    """A trial is over: undo it."""

    def __init__(self, report: Report) -> None:
        super().__init__("tried")
        self.report = report


class _Hashed:
    """A file that is hashed as it is read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self._digest.update(chunk)
        return chunk

    def hexdigest(self) -> str:
        """The digest of the whole file, which is read to its end."""
        while self.read(1 << 20):
            pass
        return self._digest.hexdigest()


def _manner(usage_point: int | None, account: Account | None, lenient: bool, again: str) -> dict[str, Any]:
    manner = {"usage_point": usage_point, "account": account.id if account else None, "lenient": lenient}
    return once_more(manner, again)


def _refused(
    name: str, rule: str, sentence: str, *, line: int | None = None, element: str = "", digest: str = ""
) -> Report:
    refused = Refused(rule=rule, sentence=sentence, line=line, element=element)
    return Report(name=name, digest=digest, refused=refused)
