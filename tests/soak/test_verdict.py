"""The soak's comparison finds what it is made to find."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.soak.journal import Fact
from tests.soak.verdict import Ends, Order, Report, compare

FILE = "https://share.example/Batch/Bulk/1?correlationID=a"
ENDED = "https://share.example/Authorization/7"


def facts(*told: tuple[str, dict[str, Any]]) -> list[Fact]:
    """Facts a second apart."""
    return [{"what": what, "at": 100.0 + place, **said} for place, (what, said) in enumerate(told)]


ACTS = facts(
    ("begun", {"party": "1", "authorization": "7"}),
    ("ordered", {"party": "1", "order": "o", "label": "l", "authorization": None}),
    ("ended", {"party": "1", "authorization": "7"}),
)


def told(
    notice: str, url: str, *, status: int = 200, stamp: int = 1, there: bool = True
) -> Iterator[tuple[str, dict[str, Any]]]:
    """A notice that is heard and answered."""
    name = {"party": "1", "id": notice, "replay": "", "stamp": stamp}
    yield "heard", {**name, "urls": [url]}
    yield "answered", {**name, "status": status, "there": there}


def fetched(url: str, *, outcome: str = "fetched", whose: tuple[str, ...] = (), began: float = 101.0) -> Any:
    """A file that was fetched."""
    return "fetched", {"party": "1", "url": url, "began": began, "outcome": outcome, "whose": list(whose)}


def notice(name: str, **other: Any) -> Fact:
    """A notice as the ledger has it."""
    return {"id": name, "state": "told", "transaction": None, "created_at": 10, "told_at": 20, **other}


WELL = (*told("n", FILE), *told("m", ENDED), fetched(FILE, whose=("7", "8")), fetched(ENDED, outcome="ended"))


def judged(
    received: tuple[Any, ...] = WELL, *, state: str = "ready", over: bool = True, ledger: tuple[Fact, ...] | None = None
) -> Report:
    """The comparison of a small story."""
    ends = Ends(
        orders={"o": Order(state=state, hrefs=(FILE,) if state == "ready" else ())},
        authorizations={"1": {"7": over, "8": False}},
        ledger={"1": (notice("n"), notice("m")) if ledger is None else ledger},
    )
    return compare(ACTS, facts(*received), ends)


def test_what_was_kept_is_kept() -> None:
    report = judged()
    assert report.held, report.facts()
    assert (report.orders, report.endings, report.notices, report.accepted, report.fetched) == (1, 1, 2, 2, 1)


@pytest.mark.parametrize("state", ["waiting", "making", "failed", "expired", "withdrawn", "unknown"])
def test_an_order_that_came_to_nothing_is_lost(state: str) -> None:
    assert judged(state=state).lost


@pytest.mark.parametrize(
    "received",
    [
        pytest.param((*told("n", FILE, status=500), *WELL[2:]), id="refused"),
        pytest.param((*list(told("n", FILE))[:1], *WELL[2:]), id="heard, and no answer"),
        pytest.param(WELL[2:], id="never heard"),
        pytest.param(WELL[:-1], id="an end that nobody fetched"),
    ],
)
def test_what_was_not_taken_is_lost(received: tuple[Any, ...]) -> None:
    assert judged(received).lost


@pytest.mark.parametrize(
    ("other", "lost"),
    [
        ({"state": "due"}, True),
        ({"state": "given_up"}, True),
        ({"state": "given_up", "transaction": "l"}, True),
        ({"state": "given_up", "transaction": "of another order"}, False),
    ],
)
def test_what_stands_in_the_ledger_untold_is_lost(other: dict[str, Any], lost: bool) -> None:
    assert bool(judged(ledger=(notice("n"), notice("m"), notice("x", **other))).lost) is lost


def test_what_comes_again_after_it_was_taken_is_a_duplicate() -> None:
    assert len(judged((*WELL, *told("n", FILE, stamp=2))).duplicates) == 1
    refused = (*told("n", FILE, status=500), *told("n", FILE, stamp=2), *WELL[2:])
    assert judged(refused).duplicates == []


def test_an_answer_that_nobody_was_there_to_hear_is_told_apart() -> None:
    again = (*told("n", FILE, there=False), *told("n", FILE, stamp=2), *WELL[2:])
    assert (judged(again).duplicates, len(judged(again).unheard), judged(again).held) == ([], 1, True)
    assert len(judged((*again, *told("n", FILE, stamp=3))).duplicates) == 1


def test_what_is_somebody_elses_is_foreign() -> None:
    assert judged((*WELL, *told("y", FILE))).foreign
    assert judged((*WELL, fetched(FILE, whose=("9",)))).foreign


def test_a_file_after_the_end_is_found_and_one_before_it_is_none() -> None:
    assert judged((*WELL, fetched(FILE, whose=("7",), began=102.5))).after_end
    assert not judged((*WELL, fetched(FILE, whose=("7",), began=101.5))).after_end
    assert not judged((*WELL, fetched(FILE, whose=("8",), began=102.5))).after_end
    assert not judged((*WELL, fetched(ENDED, whose=("7",), began=102.5))).after_end


def test_late_is_late() -> None:
    assert judged(ledger=(notice("n", told_at=10_000), notice("m"))).late


def test_a_run_without_promises_shows_nothing() -> None:
    assert not Report().held
