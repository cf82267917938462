"""Notices and tries to tell them; the trail."""

from dataclasses import replace

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DatabaseError

from tests.custodian.store.households import T0, add_party
from wattshare.custodian.model.work import Attempt, Notice, NoticeKind, NoticeState
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.trail import TRAIL, TrailEntry


def notice(third_party_id: int, notice_id: str = "n1", created_at: int = T0) -> Notice:
    return Notice(
        id=notice_id,
        third_party_id=third_party_id,
        kind=NoticeKind.BATCH_READY,
        resources=("https://utility.example/one", "https://utility.example/two"),
        transaction="t1",
        created_at=created_at,
        owed_at=created_at,
    )


def test_a_notice_comes_back_as_it_was(store: Store) -> None:
    with store.begin() as tx:
        owed = tx.notices.add(notice(add_party(tx).id))
        assert tx.notices.by_id("n1") == owed
        told = replace(owed, state=NoticeState.TOLD, told_at=T0 + 1, attempts=3)
        tx.notices.change(told)
        assert tx.notices.by_id("n1") == told
        assert tx.notices.by_id("n2") is None


def test_a_third_party_sees_its_own_notices_in_their_order(store: Store) -> None:
    with store.begin() as tx:
        mine, other = add_party(tx).id, add_party(tx, "Other").id
        first, _, before, last = (
            tx.notices.add(owed)
            for owed in (
                notice(mine, "n1", T0 + 9),
                notice(other, "n3"),
                notice(mine, "n4", T0 - 1),
                notice(mine, "n2"),
            )
        )
        assert [owed.number for owed in (first, before, last)] == [1, 2, 3]
        assert tx.notices.of_third_party(mine, T0) == (first, last)
        assert tx.notices.of_third_party(mine, until=T0) == (before,)
        assert tx.notices.of_third_party(mine, after=1, limit=1) == (before,)


def test_a_notice_is_found_by_its_own_third_party_alone(store: Store) -> None:
    with store.begin() as tx:
        mine, other = add_party(tx).id, add_party(tx, "Other").id
        owed = tx.notices.add(notice(mine))
        assert tx.notices.by_id(owed.id, mine) == owed
        assert tx.notices.by_id(owed.id, other) is None


def test_old_notices_are_forgotten_unless_they_are_owed(store: Store) -> None:
    with store.begin() as tx:
        mine = add_party(tx).id
        for number, state in enumerate((NoticeState.TOLD, NoticeState.DUE, NoticeState.TOLD)):
            owed = tx.notices.add(notice(mine, f"n{number}", T0 + 10 * (number // 2)))
            tx.notices.change(replace(owed, state=state))
        tx.notices.add_attempt(Attempt(notice_id="n0", at=T0, status=200, cause=None, milliseconds=3))
        assert tx.notices.forget(T0 + 1) == 1
        assert [owed.id for owed in tx.notices.of_third_party(mine)] == ["n1", "n2"]
        assert tx.notices.attempts("n0") == ()


def test_every_try_is_kept(store: Store) -> None:
    with store.begin() as tx:
        tx.notices.add(notice(add_party(tx).id))
        tries = (
            Attempt(notice_id="n1", at=T0, status=None, cause="refused", milliseconds=3),
            Attempt(notice_id="n1", at=T0, status=503, cause="answered 503", milliseconds=40),
            Attempt(notice_id="n1", at=T0 + 5, status=200, cause=None, milliseconds=20),
        )
        for attempt in tries:
            tx.notices.add_attempt(attempt)
        assert tx.notices.attempts("n1") == tries
        assert tx.notices.attempts("n2") == ()


def test_the_trail_says_what_was_written(store: Store) -> None:
    with store.begin() as tx:
        tx.trail.write("first", T0, third_party_id=50_001)
        tx.trail.write(
            "second",
            T0 + 1,
            third_party_id=50_002,
            authorization_id=4_100_003,
            endpoint="bulk",
            window="w",
            count=7,
            detail={"kinds": ["usage"], "ends": None},
            correlation_id="c1",
        )
    first = TrailEntry(id=1, at=T0, event="first", third_party_id=50_001)
    second = TrailEntry(
        id=2,
        at=T0 + 1,
        event="second",
        third_party_id=50_002,
        authorization_id=4_100_003,
        endpoint="bulk",
        window="w",
        count=7,
        detail={"kinds": ["usage"], "ends": None},
        correlation_id="c1",
    )
    with store.read() as tx:
        assert tx.trail.since(T0) == (first, second)
        assert tx.trail.since(T0 + 1) == (second,)
        assert tx.trail.of_third_party(50_001) == (first,)
        assert tx.trail.of_authorization(4_100_003) == (second,)


@pytest.mark.parametrize("change", [update(TRAIL).values(event="other"), delete(TRAIL)])
def test_the_trail_is_never_changed(store: Store, change: object) -> None:
    with store.begin() as tx:
        tx.trail.write("first", T0)
    with pytest.raises(DatabaseError, match=r"never changed|permission denied"), store.begin() as tx:
        tx.trail._connection.execute(change)  # type: ignore[call-overload]  # either statement
    with store.read() as tx:
        assert [entry.event for entry in tx.trail.since(0)] == ["first"]
