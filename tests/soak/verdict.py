"""What was promised against what came: lost, duplicate, late, foreign, and files after the end of sharing."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.soak.journal import Fact

# seconds of the town's time after which what is owed should have been taken, whatever was killed meanwhile
LATE_SECONDS = 3_600
# of what was accepted, what may come again
MOST_DUPLICATES = 0.01
# of each sort that is told
SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class Order:
    """An order as its page has it in the end."""

    state: str
    hrefs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Ends:
    """How things stand at last."""

    # by id
    orders: Mapping[str, Order]
    # ids of the authorizations of each third party, and whether each has ended
    authorizations: Mapping[str, Mapping[str, bool]]
    # of each third party
    ledger: Mapping[str, tuple[Fact, ...]]


@dataclass(kw_only=True)
class Report:
    """The comparison."""

    orders: int = 0
    # of these, taken back by their third party, and void because their customer stopped sharing
    cancelled: int = 0
    withdrawn: int = 0
    endings: int = 0
    notices: int = 0
    tries: int = 0
    accepted: int = 0
    fetched: int = 0
    # requests without an answer that promises anything
    unanswered: int = 0
    lost: list[str] = field(default_factory=list)
    # what came again although its sender could have heard that it was taken, and where it was dead by then
    duplicates: list[str] = field(default_factory=list)
    unheard: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    after_end: list[str] = field(default_factory=list)
    # seconds of the town's time between what was owed and its acceptance
    median: int = 0
    longest: int = 0

    @property
    def duplicate_share(self) -> float:
        """Of what was accepted, how much came again."""
        return len(self.duplicates) / max(1, self.accepted)

    @property
    def held(self) -> bool:
        """Whether every promise was kept, and there were some."""
        broken = self.lost or self.foreign or self.after_end or self.late
        return bool(self.orders and self.accepted) and not broken and self.duplicate_share <= MOST_DUPLICATES

    def facts(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**asdict(self), "duplicate_share": round(self.duplicate_share, 5), "held": self.held}

    def lines(self) -> Iterable[str]:
        """As a person reads it."""
        yield f"orders acknowledged    {self.orders}, taken back {self.cancelled}, withdrawn {self.withdrawn}"
        yield f"ends acknowledged      {self.endings}"
        yield f"notices                {self.notices}, accepted {self.accepted} in {self.tries} tries that arrived"
        yield f"files fetched          {self.fetched}"
        yield f"without an answer      {self.unanswered}"
        yield f"owed until accepted    median {self.median} s, longest {self.longest} s of the town's time"
        for name in ("lost", "duplicates", "unheard", "late", "foreign", "after_end"):
            found: list[str] = getattr(self, name)
            yield f"{name.replace('_', ' '):22} {len(found)}"
            yield from (f"    {one}" for one in found[:SHOWN])
        yield f"duplicate share        {self.duplicate_share:.2%}"


def compare(acts: Iterable[Fact], received: Iterable[Fact], ends: Ends) -> Report:
    """Compare what was promised with what came."""
    done, heard = tuple(acts), tuple(received)
    report = Report(unanswered=sum(fact["what"] == "unanswered" for fact in done))
    taken = accepted_urls(heard)
    _orders(report, done, taken, ends)
    _ledger(report, done, heard, ends)
    _copies(report, heard)
    _strangers(report, done, heard, ends)
    _after_the_end(report, done, (*done, *heard))
    return report


def accepted_urls(heard: Iterable[Fact]) -> dict[tuple[str, str], int]:
    """By third party and address: when it was last told of it and took it."""
    urls: dict[tuple[str, str, int], list[str]] = {}
    taken: dict[tuple[str, str], int] = {}
    for fact in heard:
        if fact["what"] == "heard":
            urls[fact["party"], fact["id"], fact["stamp"]] = fact["urls"]
        elif fact["what"] == "answered" and fact["status"] < 300:
            for url in urls[fact["party"], fact["id"], fact["stamp"]]:
                taken[fact["party"], url] = fact["stamp"]
    return taken


def _orders(report: Report, done: tuple[Fact, ...], taken: Mapping[tuple[str, str], int], ends: Ends) -> None:
    """An order that was acknowledged is told of, unless it was taken back or its customer has stopped sharing."""
    cancelled = {fact["order"] for fact in done if fact["what"] == "cancelling"}
    ordered = {fact["order"]: fact for fact in done if fact["what"] == "ordered"}
    report.orders = len(ordered)
    for order_id, fact in ordered.items():
        party, state = fact["party"], ends.orders[order_id].state
        if order_id in cancelled:
            report.cancelled += 1
        elif state == "withdrawn" and ends.authorizations[party].get(str(fact["authorization"])):
            report.withdrawn += 1
        elif state != "ready":
            report.lost.append(f"order {order_id} of {party} is {state}")
        else:
            untold = [href for href in ends.orders[order_id].hrefs if (party, href) not in taken]
            report.lost += [f"order {order_id} of {party}: nobody was told of {href}" for href in untold]


def _ledger(report: Report, done: tuple[Fact, ...], heard: tuple[Fact, ...], ends: Ends) -> None:
    """Everything in the ledger was told; each end of an authorization is in it, and was fetched as an end.

    What is told of the files of an order ends with the order: such a notice is given up where its label is not that of
    an order that stands.
    """
    standing = {
        fact["label"] for fact in done if fact["what"] == "ordered" and ends.orders[fact["order"]].state == "ready"
    }
    arrived = {(fact["party"], fact["id"]) for fact in heard if fact["what"] == "heard"}
    ends_told = {
        (fact["party"], fact["url"].rpartition("/")[2])
        for fact in heard
        if fact["what"] == "fetched" and fact["outcome"] == "ended"
    }
    waited = []
    for party, notices in ends.ledger.items():
        for notice in notices:
            report.notices += 1
            name = f"notice {notice['id']} of {party}"
            if notice["state"] == "given_up" and notice["transaction"] not in {None, *standing}:
                continue
            if notice["state"] != "told":
                report.lost.append(f"{name} is {notice['state']}")
                continue
            if (party, notice["id"]) not in arrived:
                report.lost.append(f"{name} is told, and never arrived")
            waited.append(notice["told_at"] - notice["created_at"])
            if waited[-1] > LATE_SECONDS:
                report.late.append(f"{name} was taken after {waited[-1]} s")
    for party, held in ends.authorizations.items():
        for authorization, over in held.items():
            if over and (party, authorization) not in ends_told:
                report.lost.append(f"{party} was not told of the end of {authorization}")
    if waited:
        report.median, report.longest = sorted(waited)[len(waited) // 2], max(waited)


def _copies(report: Report, heard: tuple[Fact, ...]) -> None:
    """What came once more although the answer to it, a 2xx, had left.

    Nobody can know of an answer that was given to somebody who was dead by then; such are told apart.
    """
    accepted: dict[tuple[str, str, str], Fact] = {}
    for fact in heard:
        name = (fact.get("party", ""), fact.get("id", ""), fact.get("replay", ""))
        if fact["what"] == "heard":
            report.tries += 1
            if name in accepted:
                after = fact["at"] - accepted[name]["at"]
                copies = report.duplicates if accepted[name]["there"] else report.unheard
                copies.append(f"notice {fact['id']} of {fact['party']}, {after:.1f} s after it was taken")
        elif fact["what"] == "answered" and fact["status"] < 300 and not accepted.get(name, {}).get("there"):
            accepted[name] = fact
    report.accepted = len(accepted)


def _strangers(report: Report, done: tuple[Fact, ...], heard: tuple[Fact, ...], ends: Ends) -> None:
    """What came to somebody whose it is not."""
    theirs = {party: {notice["id"] for notice in notices} for party, notices in ends.ledger.items()}
    for fact in (*done, *heard):
        if fact["what"] == "heard" and fact["id"] not in theirs[fact["party"]]:
            report.foreign.append(f"notice {fact['id']} came to {fact['party']}")
        elif fact["what"] == "fetched":
            report.fetched += fact["outcome"] == "fetched"
            others = set(fact["whose"]) - set(ends.authorizations[fact["party"]])
            report.foreign += [f"{fact['party']} fetched authorization {one}: {fact['url']}" for one in sorted(others)]


def _after_the_end(report: Report, done: tuple[Fact, ...], every: tuple[Fact, ...]) -> None:
    """A file that was asked for after the end of sharing was acknowledged, and holds who has stopped."""
    ended: dict[str, float] = {}
    parties: dict[str, set[str]] = defaultdict(set)
    for fact in done:
        if fact["what"] == "ended":
            ended.setdefault(fact["authorization"], fact["at"])
            parties[fact["party"]].add(fact["authorization"])
    report.endings = len(ended)
    for fact in every:
        # the entry of an authorization says that it has ended: it may be fetched
        if fact["what"] != "fetched" or fact["outcome"] != "fetched" or "correlationID=" not in fact["url"]:
            continue
        for one in parties[fact["party"]] & set(fact["whose"]):
            if fact["began"] > ended[one]:
                late = fact["began"] - ended[one]
                report.after_end.append(f"{fact['party']} fetched {one} {late:.1f} s after its end: {fact['url']}")
