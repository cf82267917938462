"""Customers' ways in: wrong tries are counted, and keep nobody out who guessed nothing."""

import pytest

from tests.custodian.houses import PASSWORD, TestHouse
from wattshare.custodian.model.errors import TooMany
from wattshare.custodian.services.signin import NOBODY, NotSignedIn, SignIn, fits, hasher
from wattshare.custodian.services.tries import FAILURES, FIFTH, WINDOW_SECONDS, Tries

ELSEWHERE, AT_HOME = "203.0.113.7", "198.51.100.4"


def guess(doors: SignIn, name: str, address: str, times: int, *, guest: bool = False) -> None:
    come_in = doors.as_guest if guest else doors.with_password
    for _ in range(times):
        with pytest.raises(NotSignedIn):
            come_in(doors.arrive(), name, "000", address)


@pytest.mark.parametrize("guest", [False, True])
def test_who_guesses_from_elsewhere_is_stopped_and_does_not_keep_the_owner_out(house: TestHouse, guest: bool) -> None:
    home, doors = house.home(), house.house.sign_in
    come_in, name, secret = (
        (doors.as_guest, home.account_number, home.phone) if guest else (doors.with_password, home.login, PASSWORD)
    )
    guess(doors, name, ELSEWHERE, FAILURES.here, guest=guest)
    with pytest.raises(TooMany):
        come_in(doors.arrive(), name, secret, ELSEWHERE)
    assert come_in(doors.arrive(), name, secret, AT_HOME).customer_id == home.customer.id
    # that the owner came in gives no new guesses to anybody else
    with pytest.raises(TooMany):
        come_in(doors.arrive(), name, secret, ELSEWHERE)
    house.clock.advance(WINDOW_SECONDS + 1)
    assert come_in(doors.arrive(), name, secret, ELSEWHERE).customer_id == home.customer.id


def test_who_came_in_has_all_tries_again(house: TestHouse) -> None:
    home, doors = house.home(), house.house.sign_in
    guess(doors, home.login, AT_HOME, FAILURES.here - 1)
    doors.with_password(doors.arrive(), home.login, PASSWORD, AT_HOME)
    guess(doors, home.login, AT_HOME, FAILURES.here - 1)


def test_guesses_at_many_names_stop_an_address_and_those_from_many_addresses_a_name(house: TestHouse) -> None:
    home, doors = house.home(), house.house.sign_in
    for number in range(FAILURES.address):
        guess(doors, f"nobody{number}", ELSEWHERE, 1)
    with pytest.raises(TooMany):
        doors.with_password(doors.arrive(), home.login, PASSWORD, ELSEWHERE)
    for number in range(FAILURES.name):
        guess(doors, home.login, f"192.0.2.{number}", 1)
    with pytest.raises(TooMany):
        doors.with_password(doors.arrive(), home.login, PASSWORD, AT_HOME)


def test_a_name_that_is_not_there_is_stopped_alike(house: TestHouse) -> None:
    doors = house.house.sign_in
    guess(doors, "nobody", ELSEWHERE, FAILURES.here)
    with pytest.raises(TooMany):
        doors.with_password(doors.arrive(), "NOBODY", "000", ELSEWHERE)


def test_guesses_at_many_names_from_many_addresses_slow_all_down_and_then_close_the_way(house: TestHouse) -> None:
    home, doors = house.home(), house.house.sign_in
    tries = Tries("login:nobody", "192.0.2.1")
    with house.store.begin() as tx:
        for _ in range(FAILURES.many):
            tx.sessions.fail(tries.way, house.clock())
    # who makes no mistake comes in; who makes two waits
    guess(doors, home.login, AT_HOME, FAILURES.here // FIFTH)
    with pytest.raises(TooMany):
        doors.with_password(doors.arrive(), home.login, PASSWORD, AT_HOME)
    assert doors.with_password(doors.arrive(), home.login, PASSWORD, "198.51.100.5").customer_id == home.customer.id
    with house.store.begin() as tx:
        for _ in range(FAILURES.stop - FAILURES.many):
            tx.sessions.fail(tries.way, house.clock())
    with pytest.raises(TooMany):
        doors.with_password(doors.arrive(), home.login, PASSWORD, "198.51.100.5")
    # the other ways stay open
    assert doors.as_guest(doors.arrive(), home.account_number, home.phone, AT_HOME).customer_id == home.customer.id


def test_a_password_of_nobody_takes_as_long_as_anybody_s() -> None:
    # of the same parameters, of which the time comes
    assert not hasher().check_needs_rehash(NOBODY)
    assert not fits(NOBODY, "")
