"""An account that several people hold: each shares in their own name, and who does not hold it sees nothing of it."""

import pytest

from tests.conversations.stage import Desk, Person, days_of, metered
from tests.conversations.test_life import held_of
from tests.custodian.houses import EVERYTHING, NOON, Home, TestHouse
from tests.custodian.servers import ENGINES
from wattshare.custodian.model.authorization import Ending
from wattshare.custodian.model.errors import BadRequest
from wattshare.custodian.services.consent import Asked
from wattshare.custodian.services.own_usage import Span
from wattshare.custodian.services.terms import Choice
from wattshare.thirdparty.errors import Failed


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> str:
    """What the store is on; the store's own tests of holders are on each."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def ada(house: TestHouse) -> Home:
    """A home with six days of readings."""
    return house.home(days=6, name="Ada Elm")


@pytest.fixture
def bob(house: TestHouse, ada: Home) -> Home:
    """Holds it too, for four days."""
    return house.holder(ada, "Bob Oak", since=4)


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_each_holder_shares_in_their_own_name_what_they_hold(
    house: TestHouse, acme: Desk, ada: Home, bob: Home
) -> None:
    hers, his = acme.connect(ada), acme.connect(bob)
    point = ada.usage_points[0]
    assert hers.subscription != his.subscription
    seen = [days_of(house, acme.client.batch(tokens.subscription, point)) for tokens in (hers, his)]
    assert seen == [[house.day(ago) for ago in range(last, 0, -1)] for last in (6, 4)]
    for tokens, name, other in ((hers, b"Ada", b"Bob"), (his, b"Bob", b"Ada")):
        told = acme.client.customer(tokens.subscription).read()
        assert name in told
        assert other not in told
        assert ada.account_number.encode() in told
    # in a file for many each has their own days, under their own authorization
    acme.told()
    acme.client.bulk(house.day(6))
    [url] = acme.files()
    found: dict[str, int] = {}
    for entry in acme.client.fetch(url).entries():
        if "/IntervalBlock/" in (entry.self_href or ""):
            subscription = (entry.self_href or "").partition("/Subscription/")[2].partition("/")[0]
            found[subscription] = found.get(subscription, 0) + 1
    assert found == {hers.subscription: 6, his.subscription: 4}
    # what one of them stops goes on for the other
    house.clock.advance(60)
    house.house.consent.withdraw(int(hers.subscription), Ending.CUSTOMER)
    with pytest.raises(Failed):
        acme.client.batch(hers.subscription, point)
    assert len(days_of(house, acme.client.batch(his.subscription, point))) == 4


def test_who_does_not_hold_it_is_offered_nothing_and_cannot_share_it(
    house: TestHouse, acme: Desk, ada: Home, bob: Home
) -> None:
    stranger, party = house.home(), acme.registered.party
    asked = Asked(third_party_id=party.id, redirect_uri=party.redirect_uris[0])
    consent, wanted = house.house.consent, ada.agreements[0].id
    for who, fits in ((ada, True), (bob, True), (stranger, False)):
        offered = [one.service.agreement.id for one in consent.review(asked, who.customer.id).offers]
        assert (wanted in offered) is fits
        choice = Choice(kinds=EVERYTHING, agreement_ids=(wanted,), until=None)
        if fits:
            consent.agree(asked, who.customer.id, choice, lambda *_: "")
        else:
            with pytest.raises(BadRequest):
                consent.agree(asked, who.customer.id, choice, lambda *_: "")


def test_who_leaves_ends_what_rests_on_them_and_sees_nothing_after(
    house: TestHouse, acme: Desk, ada: Home, bob: Home
) -> None:
    hers, his = acme.connect(ada), acme.connect(bob)
    acme.told()
    house.clock.advance(60)
    house.hold(ada, ada.customer.id, since=400, until=0)
    house.house.worker("test").sweep()
    assert held_of(house, hers.subscription).ending is Ending.MOVED_OUT
    assert held_of(house, his.subscription).ending is None
    assert acme.told() == [hers.authorization_uri]
    # a day later: what came since is the other's alone
    house.clock.at = NOON + 86_400
    with house.store.read() as tx:
        [metering] = tx.readings.channels(ada.usage_points[0])
    metered(house, metering, [house.day(1)], lambda place: 7)
    for who, sees in ((ada, False), (bob, True)):
        [mine] = house.house.own_usage.services(who.customer.id)
        shown = house.house.own_usage.usage(who.customer.id, mine.agreement.id, None, Span.DAY, house.day(1))
        assert bool(shown.bars) is sees
    assert "This service has ended" in Person(house, ada).reads(acme.journey())
    assert "Nothing can be shared" not in Person(house, bob).reads(acme.journey())
