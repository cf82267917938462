"""Accounts that several customers hold: what each of them has, from when to when, and who holds it at a second."""

from dataclasses import dataclass

import pytest

from tests.custodian.servers import ENGINES
from tests.custodian.store.households import DAY, T0, Home, add_authorization, add_home, add_party
from wattshare.custodian.model.authorization import Authorization, Share
from wattshare.custodian.model.errors import Conflict
from wattshare.custodian.model.premises import Customer
from wattshare.custodian.store.database import Store, Tx


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """What the store is on."""
    return str(request.param)


@dataclass(frozen=True, kw_only=True)
class Couple:
    """Robin's home, which Kim holds too from the tenth to the thirtieth day, and what each of them shares of it."""

    home: Home
    kim: Customer
    robins: Authorization
    kims: Authorization

    def opened(self, tx: Tx, held: Authorization, at: int = T0 + 20 * DAY) -> list[tuple[int, int | None]]:
        """From when to when, in days."""
        found: list[Share] = list(tx.authorizations.shares(held, at))
        assert {one.usage_point_id for one in found} <= {self.home.usage_point.id}
        return [((one.since - T0) // DAY, None if one.until is None else (one.until - T0) // DAY) for one in found]


@pytest.fixture
def couple(store: Store) -> Couple:
    """Both share with one third party, and somebody else has a home of their own."""
    with store.begin() as tx:
        party, home = add_party(tx), add_home(tx)
        add_authorization(tx, party, add_home(tx, "99"))
        kim = tx.customers.add_customer("Kim Field", "kim@field.example")
        tx.holders.put(home.account.id, kim.id, starts=T0 + 10 * DAY, ends=T0 + 30 * DAY)
        robins, kims = (add_authorization(tx, party, home, customer_id=one.id, floor=0) for one in (home.customer, kim))
    return Couple(home=home, kim=kim, robins=robins, kims=kims)


def test_each_holder_sees_the_days_on_which_they_hold_it(store: Store, couple: Couple) -> None:
    with store.read() as tx:
        assert couple.opened(tx, couple.robins) == [(0, None)]
        assert couple.opened(tx, couple.kims) == [(10, 30)]
        [robins], [kims] = tx.customers.services(couple.home.customer.id), tx.customers.services(couple.kim.id)
        assert (robins.customer.name, kims.customer.name) == ("Robin Field", "Kim Field")
        assert robins.agreement == couple.home.agreement
        assert (kims.agreement.starts, kims.agreement.ends) == (T0 + 10 * DAY, T0 + 30 * DAY)
        # the customer of a permission is who gave it
        [shared] = tx.customers.shared(couple.kims, T0 + 20 * DAY)
        assert (shared.customer.name, shared.agreement.id) == ("Kim Field", couple.home.agreement.id)
    with store.read(couple.kims.id) as tx:
        assert tx.customers.shared(couple.kims, T0 + 20 * DAY) == (shared,)


def test_what_is_held_before_the_agreement_began_is_nothing(store: Store, couple: Couple) -> None:
    with store.begin() as tx:
        tx.holders.put(couple.home.account.id, couple.kim.id, starts=T0 - 9 * DAY, ends=T0)
        assert couple.opened(tx, couple.kims) == []
        assert tx.customers.services(couple.kim.id) == ()


def test_whom_the_account_names_can_leave_it_to_the_other(store: Store, couple: Couple) -> None:
    account, robin, kim = couple.home.account.id, couple.home.customer.id, couple.kim.id
    with store.begin() as tx:
        assert tx.holders.at((account,), T0) == {account: (robin,)}
        assert tx.holders.at((account,), T0 + 20 * DAY) == {account: (robin, kim)}
        assert tx.holders.at((account,), T0 + 30 * DAY) == {account: (robin,)}
        tx.holders.put(account, kim, starts=T0 + 10 * DAY)
        tx.holders.put(account, robin, starts=T0, ends=T0 + 15 * DAY)
        assert tx.holders.at((account,), T0 + 20 * DAY) == {account: (kim,)}
        assert couple.opened(tx, couple.robins) == [(0, 15)]
        assert couple.opened(tx, couple.kims) == [(10, None)]
        assert [held.id for held in tx.authorizations.moved_out_by(T0 + 20 * DAY)] == [couple.robins.id]


def test_who_has_left_has_moved_out_and_the_other_has_not(store: Store, couple: Couple) -> None:
    with store.read() as tx:
        assert tx.authorizations.moved_out_by(T0 + 29 * DAY) == ()
        assert tx.authorizations.moved_out_by(T0 + 30 * DAY) == (couple.kims,)
        # both have, when the agreement ends
    with store.begin() as tx:
        tx.customers.end_agreement(couple.home.agreement.id, T0 + 20 * DAY)
        assert tx.authorizations.moved_out_by(T0 + 20 * DAY) == (couple.robins, couple.kims)


def test_a_permission_opens_nothing_of_an_account_that_its_customer_never_held(store: Store, couple: Couple) -> None:
    with store.begin() as tx:
        other = tx.customers.add_customer("Sam Other")
        tx.holders.put(add_home(tx, "77").account.id, other.id, starts=T0)
        held = add_authorization(tx, add_party(tx, "Beta Solar"), couple.home, customer_id=other.id)
        assert couple.opened(tx, held) == []
        assert tx.customers.shared(held, T0 + 20 * DAY) == ()
        assert [one.account.number for one in tx.customers.services(other.id)] == ["77"]


def test_an_account_of_several_names_nobody(store: Store, couple: Couple) -> None:
    number, phone = couple.home.account.number, "555-555-0100"
    with store.read() as tx:
        assert tx.customers.by_account_and_phone(number, phone, T0) == couple.home.customer
        assert tx.customers.by_account_and_phone(number, phone, T0 + 20 * DAY) is None


def test_who_holds_it_from_a_later_day_on_has_moved_in(store: Store, couple: Couple) -> None:
    with store.begin() as tx:
        other = add_home(tx, "55", starts=T0 - 50 * DAY)
        add_authorization(tx, add_party(tx, "Beta Solar"), other)
        tx.holders.put(couple.home.account.id, other.customer.id, starts=T0 + 20 * DAY)
        found = tx.homes.moved_in(T0 + DAY, T0 + 21 * DAY, 10)
        assert found == ((other.customer.id, couple.home.agreement.id),)
        assert tx.homes.moved_in(T0 + DAY, T0 + 19 * DAY, 10) == ()


def test_what_the_others_share_of_an_account_is_found_with_ones_own(store: Store, couple: Couple) -> None:
    account, kim, at = couple.home.account.id, couple.kim.id, T0 + 20 * DAY
    robin = couple.home.customer.id
    with store.read() as tx:
        assert tx.holders.together(robin, at) == {account: 0}
        assert tx.holders.together(kim, at) == {account: T0 + 10 * DAY}
        # before and after they hold it, and of who holds one alone
        assert tx.holders.together(kim, T0 + 9 * DAY) == tx.holders.together(kim, T0 + 30 * DAY) == {}
        alone = tx.customers.by_account_number("99")
        assert alone is not None
        assert tx.holders.together(alone.customer_id, at) == {}
        both = {couple.robins.id, couple.kims.id}
        for customer, since in ((robin, 0), (kim, T0 + 10 * DAY)):
            page = tx.authorizations.page(customer, ended=False, before=None, most=9, together={account: since})
            assert {one.id for one in page} == both
        [own] = tx.authorizations.page(kim, ended=False, before=None, most=9, together={})
        assert own.id == couple.kims.id


def test_who_sees_an_account_has_nothing_of_it_to_share(store: Store, couple: Couple) -> None:
    account, home = couple.home.account.id, couple.home
    with store.begin() as tx:
        sam = tx.customers.add_customer("Sam Other")
        tx.viewers.put(account, sam.id, starts=T0 + 5 * DAY, ends=T0 + 25 * DAY)
        held = add_authorization(tx, add_party(tx, "Beta Solar"), home, customer_id=sam.id)
        assert couple.opened(tx, held) == []
        assert tx.customers.shared(held, T0 + 20 * DAY) == ()
        assert tx.customers.services(sam.id) == ()
        assert tx.customers.seen(sam.id, T0 + 4 * DAY) == ()
        [seen] = tx.customers.seen(sam.id, T0 + 5 * DAY)
        assert (seen.customer.name, seen.agreement.id, seen.agreement.starts) == (
            "Robin Field",
            home.agreement.id,
            T0 + 5 * DAY,
        )
        # taken back, it is all gone
        assert tx.customers.seen(sam.id, T0 + 25 * DAY) == ()
        assert tx.holders.at((account,), T0 + 20 * DAY) == {account: (home.customer.id, couple.kim.id)}
        # who holds it has it as a holder
        tx.viewers.put(account, couple.kim.id, starts=T0)
        assert tx.customers.seen(couple.kim.id, T0 + 20 * DAY) == ()
        with pytest.raises(Conflict):
            tx.viewers.put(account, sam.id, starts=T0, ends=T0)
        tx.viewers.drop(account, sam.id)
        assert tx.viewers.of(account, sam.id) is None
    with store.read(held.id) as tx:
        assert tx.customers.shared(held, T0 + 20 * DAY) == ()


def test_nobody_holds_an_account_for_no_time(store: Store, couple: Couple) -> None:
    with store.begin() as tx, pytest.raises(Conflict):
        tx.holders.put(couple.home.account.id, couple.kim.id, starts=T0, ends=T0)
