"""Batches and their parts."""

from dataclasses import replace

import pytest

from tests.custodian.store.households import T0, Home, add_authorization, add_home, add_party
from wattshare.custodian.model.parties import ThirdParty
from wattshare.custodian.model.work import Batch, BatchState, Part
from wattshare.custodian.store.database import Store, Tx


def add_batch(tx: Tx, party: ThirdParty, batch_id: str = "b1", **told: object) -> Batch:
    known: dict[str, object] = {
        "id": batch_id,
        "third_party_id": party.id,
        "authorization_id": None,
        "endpoint": "bulk",
        "window": "",
        "ordered_at": T0,
    }
    batch = Batch(**(known | told))  # type: ignore[arg-type]  # the dataclass checks the names
    tx.batches.add(batch)
    return batch


def part(batch: Batch, correlation_id: str, number: int = 1) -> Part:
    return Part(
        correlation_id=correlation_id,
        batch_id=batch.id,
        number=number,
        file=f"{correlation_id}.gz",
        identity_bytes=5_000_000_000,
        gzip_bytes=2,
        sha256="ab",
        entries=3,
        readings=4,
        usage_points=5,
    )


def test_a_batch_comes_back_as_it_was(store: Store) -> None:
    with store.begin() as tx:
        party = add_party(tx)
        batch = add_batch(tx, party, transaction="t1", window="w")
        assert tx.batches.by_id("b1") == batch
        made = replace(batch, state=BatchState.MADE, made_at=T0 + 1, expires_at=T0 + 9, failure="none")
        tx.batches.change(made)
        assert tx.batches.by_id("b1") == made
        assert tx.batches.by_id("b2") is None


@pytest.mark.parametrize(
    ("told", "same"),
    [
        ({}, True),
        ({"window": "w2"}, False),
        ({"endpoint": "batch-subscription"}, False),
        ({"authorization": False}, False),
        ({"party": "other"}, False),
        ({"state": BatchState.MADE}, False),
        ({"state": BatchState.FAILED}, False),
    ],
)
@pytest.mark.parametrize("bulk", [True, False])
def test_the_same_order_is_the_same_batch_until_it_is_made(
    store: Store, told: dict[str, object], same: bool, bulk: bool
) -> None:
    with store.begin() as tx:
        party, other, home = add_party(tx), add_party(tx, "Other"), add_home(tx)
        held = add_authorization(tx, party, home)
        mine, else_ = (None, held.id) if bulk else (held.id, None)
        batch = add_batch(
            tx,
            party,
            authorization_id=mine,
            window="w1",
            state=told.get("state", BatchState.ORDERED),
        )
        found = tx.batches.open_batch(
            other.id if "party" in told else party.id,
            else_ if "authorization" in told else mine,
            str(told.get("endpoint", "bulk")),
            str(told.get("window", "w1")),
        )
        assert found == (batch if same else None)


def test_parts_come_back_in_their_order(store: Store) -> None:
    with store.begin() as tx:
        party = add_party(tx)
        held = add_authorization(tx, party, add_home(tx))
        batch = add_batch(tx, party)
        second, first = part(batch, "c0", 2), part(batch, "c1", 1)
        tx.batches.add_part(second, [])
        tx.batches.add_part(first, [held.id, held.id])
        assert tx.batches.parts("b1") == (first, second)
        for look in (tx.batches.part, tx.batches.shown):
            assert look("c1") == (first, batch)
            assert look("c9") is None
            assert look("c\0") is None
        assert tx.batches.authorizations_in("c1") == (held.id,)


def three_parts(tx: Tx, party: ThirdParty, one: Home, two: Home) -> tuple[int, int]:
    mine, other = add_authorization(tx, party, one), add_authorization(tx, party, two)
    bulk, single = add_batch(tx, party, "bulk"), add_batch(tx, party, "single", authorization_id=other.id)
    for batch in (bulk, single):
        tx.batches.change(replace(batch, state=BatchState.MADE))
    tx.batches.add_part(part(bulk, "c1"), [mine.id, other.id])
    tx.batches.add_part(part(bulk, "c2", 2), [other.id])
    tx.batches.add_part(part(single, "c3"), [other.id])
    return mine.id, other.id


def stale(tx: Tx) -> list[str]:
    return [kept.correlation_id for batch in ("bulk", "single") for kept in tx.batches.parts(batch) if kept.stale]


def test_every_part_that_holds_an_ended_authorization_is_closed(store: Store) -> None:
    with store.begin() as tx:
        mine, other = three_parts(tx, add_party(tx), add_home(tx), add_home(tx, "2"))
        assert tx.batches.mark_stale(mine) == ("bulk",)
        assert stale(tx) == ["c1"]
        assert tx.batches.mark_stale(other) == ("bulk", "single")
        assert stale(tx) == ["c1", "c2", "c3"]
        assert tx.batches.mark_stale(1) == ()


def test_a_part_that_is_made_again_holds_what_it_holds_now(store: Store) -> None:
    with store.begin() as tx:
        mine, other = three_parts(tx, add_party(tx), add_home(tx), add_home(tx, "2"))
        tx.batches.mark_stale(mine)
        [first, _] = tx.batches.parts("bulk")
        tx.batches.change_part(replace(first, stale=False, version=2, file="c1-2.gz"), [other])
        assert tx.batches.mark_stale(mine) == ()
        assert tx.batches.authorizations_in("c1") == (other,)
        kept = replace(first, stale=False, version=3, file=None)
        tx.batches.change_part(kept)
        assert tx.batches.authorizations_in("c1") == (other,)
        assert tx.batches.parts("bulk")[0] == kept


def test_batches_that_are_over_are_not_made_again(store: Store) -> None:
    with store.begin() as tx:
        mine, _ = three_parts(tx, add_party(tx), add_home(tx), add_home(tx, "2"))
        found = tx.batches.by_id("bulk")
        assert found is not None
        tx.batches.change(replace(found, state=BatchState.EXPIRED))
        assert tx.batches.mark_stale(mine) == ()


def test_the_last_order_without_bounds_that_was_made_is_known(store: Store) -> None:
    with store.begin() as tx:
        party, other = add_party(tx), add_party(tx, "Other")
        add_batch(tx, party, "b1", ordered_at=T0 + 1, state=BatchState.EXPIRED)
        add_batch(tx, party, "b2", ordered_at=T0 + 2, state=BatchState.MADE)
        add_batch(tx, party, "b3", ordered_at=T0 + 3, state=BatchState.FAILED)
        add_batch(tx, party, "b4", ordered_at=T0 + 4, state=BatchState.MADE, window="w")
        add_batch(tx, party, "b5", ordered_at=T0 + 5, state=BatchState.MADE, endpoint="else")
        add_batch(tx, other, "b6", ordered_at=T0 + 6, state=BatchState.MADE)
        asked = {T0 + 9: T0 + 2, T0 + 2: T0 + 1, T0 + 1: None}
        for before, last in asked.items():
            assert tx.batches.last_ordered(party.id, "bulk", before) == last


@pytest.mark.parametrize(
    ("state", "expires_at", "expired"),
    [
        (BatchState.MADE, T0, True),
        (BatchState.MADE, T0 + 1, False),
        (BatchState.MADE, None, False),
        (BatchState.FAILED, T0, True),
        (BatchState.EXPIRED, T0, False),
        (BatchState.VOID, T0, False),
        (BatchState.ORDERED, T0, False),
    ],
)
def test_files_whose_time_is_over_are_found(
    store: Store, state: BatchState, expires_at: int | None, expired: bool
) -> None:
    with store.begin() as tx:
        batch = add_batch(tx, add_party(tx), state=state, expires_at=expires_at)
        assert tx.batches.expired_batches(T0) == ((batch,) if expired else ())
