"""A business names who may share for it: they act with an account of their own, and are out at once."""

import pytest

from tests.conversations.stage import Desk
from tests.custodian.houses import Home, TestHouse
from wattshare.custodian.model.authorization import Ending
from wattshare.custodian.model.delegation import INVITATION_SECONDS, MOST_DELEGATES, Actor
from wattshare.custodian.model.errors import BadRequest, NotCovered, Unknown
from wattshare.custodian.services.consent import Asked
from wattshare.custodian.services.signin import Session


def signed_in(house: TestHouse, home: Home, way: str = "account") -> Session:
    """Somebody who has proved who they are."""
    doors = house.house.sign_in
    return doors.enter(doors.arrive(), home.customer.id, way, None)


def test_a_delegate_acts_until_it_is_taken_back(house: TestHouse, acme: Desk) -> None:
    delegates, find = house.house.delegates, house.house.sign_in.find
    business, ada, other = house.home(customer_class="COM"), house.home(), house.home()
    owner, person = signed_in(house, business), signed_in(house, ada)
    with pytest.raises(NotCovered):
        delegates.act(person, business.customer.id)
    code = delegates.invite(owner)
    assert delegates.invitation(code).name == business.customer.name
    delegates.accept(person, code)
    # a code is taken once, by whoever was first
    with pytest.raises(Unknown):
        delegates.accept(signed_in(house, other), code)
    acting = delegates.act(person, business.customer.id)
    assert (acting.customer_id, acting.delegate_id) == (business.customer.id, ada.customer.id)
    # the former id opens nothing more
    assert find(person.id) is None
    assert find(acting.id) == acting
    # acting is not owning
    for forbidden in (lambda: delegates.invite(acting), lambda: delegates.end(acting, 1)):
        with pytest.raises(NotCovered):
            forbidden()
    with pytest.raises(NotCovered):
        delegates.act(acting, other.customer.id)
    asked = Asked(third_party_id=acme.registered.party.id, redirect_uri="https://acme-energy.example/callback")
    offers = house.house.consent.review(asked, acting.customer_id or 0).offers
    assert [offer.service.agreement.id for offer in offers] == [business.agreements[0].id]
    [named] = delegates.mine(owner)
    assert named.name == ada.customer.name
    delegates.end(owner, named.delegation.id)
    assert find(acting.id) is None
    with pytest.raises(NotCovered):
        delegates.act(signed_in(house, ada), business.customer.id)


def test_the_trail_says_who_was_really_there(house: TestHouse, acme: Desk) -> None:
    business, ada, consent = house.home(customer_class="COM"), house.home(), house.house.consent
    number, actor = int(acme.connect(business).subscription), Actor(delegate_id=ada.customer.id)
    who = business.customer.id
    consent.shorten(number, who, house.day(-9), actor)
    consent.pause(number, who, actor)
    consent.resume(number, who, actor)
    consent.withdraw(number, Ending.CUSTOMER, actor=actor)
    with house.store.read() as tx:
        told = {one.event: one.detail.get("delegate") for one in tx.trail.of_authorization(number)}
    acts = ("changed", "paused", "resumed", "ended")
    assert [told[act] for act in acts] == [ada.customer.id] * len(acts)
    assert told["consented"] is None


def test_who_may_not_name_anybody_does_not(house: TestHouse) -> None:
    delegates, business, home = house.house.delegates, house.home(customer_class="COM"), house.home()
    for session in (signed_in(house, home), signed_in(house, business, "guest"), signed_in(house, business, "code")):
        assert not delegates.may_name(session)
        with pytest.raises(NotCovered):
            delegates.invite(session)
    owner = signed_in(house, business)
    code = delegates.invite(owner)
    with pytest.raises(NotCovered):
        delegates.accept(signed_in(house, home, "guest"), code)
    with pytest.raises(NotCovered):
        delegates.accept(owner, code)
    house.clock.advance(INVITATION_SECONDS + 1)
    with pytest.raises(Unknown):
        delegates.accept(signed_in(house, home), code)
    owner = signed_in(house, business)
    for _ in range(MOST_DELEGATES):
        delegates.invite(owner)
    with pytest.raises(BadRequest):
        delegates.invite(owner)
    assert len(delegates.mine(owner)) == MOST_DELEGATES
    # nobody else's
    [first, *_] = delegates.mine(owner)
    with pytest.raises(Unknown):
        delegates.end(signed_in(house, home), first.delegation.id)
