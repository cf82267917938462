"""Codes and links that prove once who somebody is."""

from sqlalchemy import select

from tests.custodian.store.households import T0, add_home
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.proofs import ONE_TIME_CODE, RECOVERY_LINK, TWICE_SECONDS, KeptCode, KeptLink

NOBODYS = KeptCode(customer_id=None, account_number="12 34", way="mail")


def test_a_code_is_its_sessions_and_takes_so_many_tries(store: Store) -> None:
    with store.begin() as tx:
        tx.proofs.put_code("s1", "123456", NOBODYS, T0 + 600)
        assert tx.proofs.asked("s1", T0 + 599) == NOBODYS
        assert tx.proofs.asked("s1", T0 + 600) is None
        assert tx.proofs.asked("s2", T0) is None
        macs = [tx.proofs.try_code("s1", T0, 2) for _ in range(3)]
        assert macs[2] is None
        mac = macs[0] or ""
        assert tx.proofs.fits("s1", mac, "123456")
        assert not tx.proofs.fits("s1", mac, "123457")
        assert not tx.proofs.fits("s2", mac, "123456")


def test_a_code_is_used_once_and_one_that_takes_its_place_anew(store: Store) -> None:
    with store.begin() as tx:
        for _ in range(2):
            tx.proofs.put_code("s1", "123456", NOBODYS, T0 + 600)
            mac = tx.proofs.try_code("s1", T0, 5) or ""
            assert tx.proofs.use_code("s1", mac, T0)
            # pressed twice
            assert tx.proofs.use_code("s1", mac, T0 + TWICE_SECONDS - 1)
            assert not tx.proofs.use_code("s1", mac, T0 + TWICE_SECONDS)
            assert tx.proofs.try_code("s1", T0 + TWICE_SECONDS, 5) is None
            assert tx.proofs.asked("s1", T0 + TWICE_SECONDS) is None


def test_a_link_is_used_once_with_every_other_of_its_customer(store: Store) -> None:
    with store.begin() as tx:
        mine = KeptLink(customer_id=add_home(tx).customer.id, login="Robin")
        tx.proofs.put_link("l1", mine, T0 + 60)
        tx.proofs.put_link("l2", mine, T0 + 60)
        tx.proofs.put_link("l3", KeptLink(customer_id=None, login="nobody"), T0 + 60)
        assert tx.proofs.link("l1", T0 + 59) == mine
        assert tx.proofs.link("l1", T0 + 60) is None
        assert tx.proofs.link("l3", T0) is None
        assert not tx.proofs.use_link("l3")
        assert tx.proofs.use_link("l1")
        assert not tx.proofs.use_link("l1")
        assert tx.proofs.link("l2", T0) is None


def test_nothing_in_the_database_can_be_typed_or_followed(store: Store) -> None:
    with store.begin() as tx:
        tx.proofs.put_code("s1", "123456", NOBODYS, T0 + 600)
        tx.proofs.put_link("l1-link", KeptLink(customer_id=None, login="robin@home.example"), T0 + 60)
    with store.engine.connect() as connection:
        kept = "".join(str(connection.execute(select(table)).all()) for table in (ONE_TIME_CODE, RECOVERY_LINK))
    assert not any(hidden in kept for hidden in ("123456", "12 34", "l1-link", "robin", "'s1'"))


def test_what_is_over_goes_and_what_is_a_customers_goes_with_them(store: Store) -> None:
    with store.begin() as tx:
        customer = add_home(tx).customer.id
        tx.proofs.put_code("s1", "123456", KeptCode(customer_id=customer, account_number="1", way="mail"), T0 + 600)
        tx.proofs.put_link("l1", KeptLink(customer_id=customer, login="robin"), T0 + 1800)
        tx.proofs.put_code("s2", "123456", NOBODYS, T0 + 600)
        assert tx.proofs.erase(customer) == 2
        assert tx.proofs.asked("s2", T0) == NOBODYS
        assert tx.proofs.forget(T0 + 600) == 0
        assert tx.proofs.forget(T0 + 601) == 1
