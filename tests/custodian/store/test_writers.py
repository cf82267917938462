"""Writers at the same time: the second decides by what the first has done, not by what was there before it."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import pytest

from tests.custodian.store.households import DAY, T0, add_authorization, add_home, add_party
from tests.custodian.store.test_tokens import issue
from wattshare.custodian.model.authorization import Authorization, Ending, State
from wattshare.custodian.model.bearer import BearerClass
from wattshare.custodian.model.errors import Conflict
from wattshare.custodian.model.parties import Standing
from wattshare.custodian.model.tokens import Token
from wattshare.custodian.model.work import Batch, BatchState, Part
from wattshare.custodian.store.database import Store, Tx

Given = TypeVar("Given")


def meanwhile(store: Store, first: Callable[[Tx], Iterator[None]], second: Callable[[Tx], Given]) -> Given:
    """What the second writer finds who comes while the first, at its `yield`, has read and not yet written."""

    def come() -> Given:
        with store.begin() as tx:
            return second(tx)

    with ThreadPoolExecutor(1) as pool:
        with store.begin() as tx:
            steps = first(tx)
            next(steps)
            late = pool.submit(come)
            # as far as it gets
            wait([late], 0.3)
            assert next(steps, None) is None
        return late.result()


@pytest.fixture
def held(store: Store) -> Authorization:
    """A customer's authorization."""
    with store.begin() as tx:
        return add_authorization(tx, add_party(tx), add_home(tx))


def a_batch(held: Authorization, batch_id: str = "b1") -> Batch:
    return Batch(
        id=batch_id,
        third_party_id=held.third_party_id,
        authorization_id=None,
        endpoint="batch_bulk",
        window="",
        transaction=None,
        ordered_at=T0,
    )


def a_part() -> Part:
    return Part(correlation_id="p1", batch_id="b1", number=1, file=None)


def test_an_authorization_is_ended_once(store: Store, held: Authorization) -> None:
    def first(tx: Tx) -> Iterator[None]:
        found = tx.authorizations.by_id(held.id)
        assert found is not None
        yield
        tx.authorizations.change(found.moved(State.ENDED, at=T0 + 1, why=Ending.CUSTOMER))

    found = meanwhile(store, first, lambda tx: tx.authorizations.by_id(held.id))
    assert found is not None
    assert (found.state, found.ending) == (State.ENDED, Ending.CUSTOMER)


def test_what_has_ended_meanwhile_is_no_longer_found_standing(store: Store, held: Authorization) -> None:
    assert held.customer_id is not None
    customer_id = held.customer_id

    def first(tx: Tx) -> Iterator[None]:
        [found] = tx.authorizations.standing(held.third_party_id, customer_id)
        yield
        tx.authorizations.change(found.moved(State.ENDED, at=T0 + 1, why=Ending.CUSTOMER))

    assert meanwhile(store, first, lambda tx: tx.authorizations.standing(held.third_party_id, customer_id)) == ()


def test_a_withdrawal_ends_the_token_that_is_just_issued(store: Store, held: Authorization) -> None:
    def first(tx: Tx) -> Iterator[None]:
        assert tx.authorizations.owned(held.id, held.third_party_id) is not None
        yield
        token = Token(
            bearer_class=BearerClass.ACCESS,
            third_party_id=held.third_party_id,
            authorization_id=held.id,
            scope="",
            issued_at=T0,
            expires_at=T0 + 60,
        )
        tx.tokens.add(token, "token")

    def withdraw(tx: Tx) -> int:
        assert tx.authorizations.by_id(held.id) is not None
        return tx.tokens.revoke_authorization(held.id, T0 + 1)

    assert meanwhile(store, first, withdraw) == 1


def test_a_withdrawal_closes_the_file_that_is_just_announced(store: Store, held: Authorization) -> None:
    with store.begin() as tx:
        tx.batches.add(a_batch(held))

    def first(tx: Tx) -> Iterator[None]:
        found = tx.authorizations.by_id(held.id)
        assert found is not None
        assert found.alive(T0)
        yield
        tx.batches.add_part(a_part(), [held.id])

    def withdraw(tx: Tx) -> tuple[str, ...]:
        assert tx.authorizations.by_id(held.id) is not None
        return tx.batches.mark_stale(held.id)

    assert meanwhile(store, first, withdraw) == ("b1",)


def test_the_same_order_twice_at_once_is_one_batch(store: Store, held: Authorization) -> None:
    asked = (held.third_party_id, None, "batch_bulk", "")

    def first(tx: Tx) -> Iterator[None]:
        assert tx.batches.open_batch(*asked) is None
        yield
        tx.batches.add(a_batch(held))

    assert meanwhile(store, first, lambda tx: tx.batches.open_batch(*asked)) == a_batch(held)


def test_a_batch_is_announced_once(store: Store, held: Authorization) -> None:
    with store.begin() as tx:
        tx.batches.add(a_batch(held))

    def first(tx: Tx) -> Iterator[None]:
        known = tx.batches.by_id("b1")
        assert known is not None
        yield
        tx.batches.change(replace(known, state=BatchState.MADE))

    found = meanwhile(store, first, lambda tx: tx.batches.by_id("b1"))
    assert found is not None
    assert found.state is BatchState.MADE


def test_an_order_without_a_window_comes_after_what_is_being_taken_in(store: Store, held: Authorization) -> None:
    def first(tx: Tx) -> Iterator[None]:
        tx.revisions.begin("import", T0)
        yield

    def order(tx: Tx) -> int:
        tx.batches.open_batch(held.third_party_id, None, "batch_bulk", "")
        return tx.revisions.last()

    assert meanwhile(store, first, order) == 1


def test_the_same_file_twice_at_once_is_taken_in_once(store: Store) -> None:
    report: dict[str, Any] = {"name": "usage.xml", "digest": "digest", "kind": "readings", "read": 1}

    def first(tx: Tx) -> Iterator[None]:
        assert tx.imports.report("digest", {}) is None
        yield
        report["revision"] = tx.revisions.begin("import", T0)
        tx.imports.add("digest", {}, revision=report["revision"], at=T0, report=report)

    assert meanwhile(store, first, lambda tx: tx.imports.report("digest", {})) == report


def test_a_name_is_given_to_one_third_party(store: Store) -> None:
    def first(tx: Tx) -> Iterator[None]:
        assert tx.parties.by_name("Acme Energy") is None
        yield
        add_party(tx)

    assert meanwhile(store, first, lambda tx: tx.parties.by_name("Acme Energy")) is not None


def test_a_passed_test_does_not_undo_a_suspension(store: Store, held: Authorization) -> None:
    def first(tx: Tx) -> Iterator[None]:
        party = tx.parties.by_name("Acme Energy")
        assert party is not None
        yield
        tx.parties.change(party.moved(Standing.SUSPENDED))

    found = meanwhile(store, first, lambda tx: tx.parties.held(held.third_party_id))
    assert found is not None
    assert found.standing is Standing.SUSPENDED


def test_an_account_number_is_given_once(store: Store) -> None:
    with store.begin() as tx:
        customer = tx.customers.add_customer("Robin Field")

    def first(tx: Tx) -> Iterator[None]:
        tx.customers.add_account(customer.id, "1")
        yield

    with pytest.raises(Conflict):
        meanwhile(store, first, lambda tx: tx.customers.add_account(customer.id, "1"))


def test_agreements_that_come_at_the_same_time_do_not_overlap(store: Store) -> None:
    with store.begin() as tx:
        home = add_home(tx, ends=T0 + DAY)
    place = (home.usage_point.id, home.account.id)

    def first(tx: Tx) -> Iterator[None]:
        tx.customers.add_agreement(*place, "SA-2", starts=T0 + DAY)
        yield

    with pytest.raises(Conflict):
        meanwhile(store, first, lambda tx: tx.customers.add_agreement(*place, "SA-3", starts=T0 + 2 * DAY))


def test_a_refresh_sees_what_became_of_its_family(store: Store, held: Authorization) -> None:
    with store.begin() as tx:
        given = issue(tx, add_party(tx, "Other"), "one", "9")

    def first(tx: Tx) -> Iterator[None]:
        tx.tokens.hold_family(given.code.family)
        yield
        tx.tokens.rotate(given.refresh.id, T0 + 1)

    def second(tx: Tx) -> int | None:
        tx.tokens.hold_family(given.code.family)
        found = tx.tokens.find_refresh("refresh one")
        return found.rotated_at if found else None

    assert meanwhile(store, first, second) == T0 + 1


def test_a_cause_that_comes_up_while_a_job_ends_is_not_lost(store: Store) -> None:
    with store.begin() as tx:
        tx.jobs.add("make", "b1", T0)
        job = tx.jobs.claim("w1", T0, 60, ("make",))
        assert job is not None
    stop = threading.Event()

    def cause() -> int:
        times = 0
        while not stop.is_set():
            with store.begin() as tx:
                tx.jobs.add("make", "b1", T0)
            times += 1
        return times

    with ThreadPoolExecutor(1) as pool:
        causes = pool.submit(cause)
        for _ in range(50):
            with store.begin() as tx:
                assert tx.jobs.finish(job)
            with store.begin() as tx:
                tx.jobs.add("make", "b1", T0)
                again = tx.jobs.claim("w1", T0, 60, ("make",))
                assert again is not None
                job = again
        stop.set()
        assert causes.result() > 0
    with store.begin() as tx:
        # it was asked for after it had been claimed: it is due again
        tx.jobs.add("make", "b1", T0)
        assert tx.jobs.finish(job)
        assert [left.subject for left in tx.jobs.waiting()] == ["b1"]


def test_every_request_is_counted(store: Store) -> None:
    def count() -> None:
        for _ in range(25):
            with store.begin() as tx:
                tx.rates.add(50_001, "second", T0, T0)

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(count) for _ in range(4)]:
            done.result()
    with store.begin() as tx:
        assert tx.rates.add(50_001, "second", T0, T0) == 101
        assert tx.rates.add(50_001, "second", T0 + 1, T0 + 1) == 1
        # who waited meanwhile does not begin the former second again
        assert tx.rates.add(50_001, "second", T0, T0) == 2
        assert tx.rates.add(50_001, "second", T0 + 1, T0 + 1) == 3
        # nor the former hour
        assert tx.rates.add(50_001, "hour", T0 + 10, T0 + 10) == 1
        assert tx.rates.add(50_001, "hour", T0 - 3_590, T0 + 9) == 2
        # a clock that is set back is gone by
        assert tx.rates.add(50_001, "second", T0 - 3_600, T0 - 3_600) == 1


# on SQLite a writer is alone; what is taken in by many transactions there is in test_under_way
@pytest.mark.parametrize("engine", ["postgresql"])
def test_an_order_is_as_of_the_second_before_what_is_being_taken_in(store: Store) -> None:
    with store.begin() as tx:
        tx.revisions.begin("long ago", T0 - 30 * DAY)
    with store.begin() as taking:
        taking.revisions.turn(lambda: T0)
        with store.begin() as tx:
            # it has its turn, and begins in this second or later
            assert tx.revisions.known(T0) == T0 - 1
        taking.revisions.begin("import", T0)
        for at, known in ((T0 - 1, T0 - 2), (T0, T0 - 1), (T0 + DAY, T0 - 1)):
            with store.begin() as tx:
                assert tx.revisions.known(at) == known
    with store.begin() as tx:
        assert tx.revisions.known(T0 + DAY) == T0 + DAY
        assert tx.revisions.known(T0) == T0


def test_what_is_taken_in_is_of_a_later_second_than_an_order_without_bounds(store: Store) -> None:
    with store.begin() as tx:
        party = add_party(tx)
        for number, (window, at) in enumerate((("", T0), ("2026-01", T0 + 5))):
            tx.batches.add(
                Batch(
                    id=str(number),
                    third_party_id=party.id,
                    authorization_id=None,
                    endpoint="batch-bulk",
                    window=window,
                    ordered_at=at,
                )
            )
    with store.begin() as tx:
        assert tx.revisions.turn(lambda: T0 - 1) == T0 + 1
        assert tx.revisions.turn(lambda: T0) == T0 + 1
        assert tx.revisions.turn(lambda: T0 + 1) == T0 + 1
        # of an order with bounds nothing follows
        assert tx.revisions.turn(lambda: T0 + 5) == T0 + 5


def test_changes_reach_back_to_what_was_being_taken_in(store: Store) -> None:
    with store.begin() as tx:
        assert tx.revisions.reach(T0) == T0
        for begun, there in ((T0, T0), (T0 + 10, T0 + 300), (T0 + 400, T0 + 400)):
            tx.revisions.end(tx.revisions.begin("import", begun), partial(int, there))
        reached = {
            at: tx.revisions.reach(at) - T0 for at in (T0, T0 + 5, T0 + 10, T0 + 11, T0 + 301, T0 + 302, T0 + 401)
        }
    assert list(reached.values()) == [0, 5, 10, 10, 10, 302, 401]


@pytest.mark.parametrize("engine", ["postgresql"])
def test_nothing_begins_before_an_order_is_there_that_knew_of_nothing(store: Store) -> None:
    made = list[int]()

    def order(tx: Tx) -> Iterator[None]:
        assert tx.revisions.known(T0) == T0
        yield
        made.append(add_party(tx).id)

    def take_in(tx: Tx) -> bool:
        tx.revisions.turn(lambda: T0)
        return tx.parties.by_id(made[0]) is not None

    assert meanwhile(store, order, take_in)
