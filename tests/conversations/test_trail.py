"""The trail: an entry for every answer with a customer's data, and nothing in it that says who anybody is."""

import json
from dataclasses import asdict
from typing import Any

from tests.conversations.stage import Desk, Person, trail
from tests.custodian.houses import Home, TestHouse
from wattshare.custodian.model.premises import Commodity

SECRETS = ("password", "Bearer", "wsa_", "wsc_", "wsr_", "wcd_")


def story(house: TestHouse, acme: Desk, home: Home) -> str:
    """Everything that can be told of a customer, told once. The authorization's id."""
    tokens = acme.connect(home)
    subscription, point = tokens.subscription, home.usage_points[0]
    client = acme.client
    for name, ids in ONCE.items():
        known: dict[str, Any] = {"subscription": subscription, "usage_point": point, "retail_customer": subscription}
        client.call(name, **{one: known[one] for one in ids})
    client.authorization(subscription)
    client.subscription(subscription)
    client.bulk()
    client.bulk_customers()
    for url in acme.files():
        client.fetch(url)
    Person(house, home).stop(acme.name)
    house.work()
    return subscription


ONCE = {
    "usage-points": ("subscription",),
    "usage-point": ("subscription", "usage_point"),
    "meter-readings": ("subscription", "usage_point"),
    "usage-summaries": ("subscription", "usage_point"),
    "batch-usage-point": ("subscription", "usage_point"),
    "batch-retail-customer": ("retail_customer",),
    "batch-programs": ("retail_customer",),
}


def test_every_answer_with_a_customers_data_is_written_down(house: TestHouse, acme: Desk) -> None:
    home = house.home(commodities=(Commodity.ELECTRICITY, Commodity.GAS))
    subscription = story(house, acme, home)
    mine = [entry for entry in trail(house) if entry.authorization_id == int(subscription)]
    disclosed = [entry for entry in mine if entry.event == "disclosed"]
    assert [entry.endpoint for entry in disclosed] == [*ONCE, "authorization"]
    batch = next(entry for entry in disclosed if entry.endpoint == "batch-usage-point")
    # three days and a bill
    assert (batch.third_party_id, batch.count, batch.window) == (acme.bulk_id, 4, "")
    assert batch.correlation_id is not None
    assert [entry.event for entry in mine if entry.event not in ("disclosed", "token_issued")] == [
        *("consented", "opened", "batch_ordered", "batch_made", "batch_made", "batch_fetched", "batch_fetched"),
        # the files of this customer alone are thrown away
        "ended",
    ]


def test_the_trail_says_whose_data_was_in_a_file_that_was_fetched(house: TestHouse, acme: Desk) -> None:
    subscription = int(story(house, acme, house.home()))
    written = trail(house)
    fetched = [entry for entry in written if entry.event == "batch_fetched" and entry.endpoint == "batch-bulk"]
    assert len(fetched) == 1
    [made] = [
        entry
        for entry in written
        if entry.event == "batch_made"
        and (entry.detail["part"], entry.detail["version"]) == (fetched[0].detail["part"], fetched[0].detail["version"])
    ]
    assert made.detail["authorizations"] == [subscription]
    assert made.count == fetched[0].count == 2


def test_what_was_not_sent_is_not_written_down(house: TestHouse, acme: Desk) -> None:
    home = house.home()
    tokens = acme.connect(home)
    path = f"/Batch/Subscription/{tokens.subscription}/UsagePoint/{home.usage_points[0]}"
    etag = acme.ask(path, tokens.access_token).headers["etag"]
    before = len(trail(house))
    acme.ask(path, tokens.access_token, if_none_match=etag)
    acme.ask(f"{path}?published-max=1", tokens.access_token)
    acme.ask(f"/Subscription/{tokens.subscription}/UsagePoint/5399999999", tokens.access_token)
    assert len(trail(house)) == before


def test_a_file_is_fetched_where_bytes_of_it_leave(house: TestHouse, acme: Desk) -> None:
    tokens = acme.connect(house.home())
    acme.client.subscription(tokens.subscription)
    [url] = [url for url in acme.files() if "correlationID" in url]
    etag = acme.ask(url, tokens.access_token).headers["etag"]
    before = len(trail(house))
    acme.ask(url, tokens.access_token, if_none_match=etag)
    acme.ask(url, tokens.access_token, if_match='"another"')
    acme.ask(url, tokens.access_token, range="bytes=999999999-")
    assert len(trail(house)) == before
    acme.ask(url, tokens.access_token, range="bytes=0-9")
    assert [entry.event for entry in trail(house)[before:]] == ["batch_fetched"]


def test_nothing_in_the_trail_says_who_anybody_is(house: TestHouse, acme: Desk) -> None:
    home = house.home(name="Ada Winterbottom")
    story(house, acme, home)
    said = json.dumps([asdict(entry) for entry in trail(house)])
    personal = (home.account_number, home.phone, home.login, "Ada", "Winterbottom", "Post Rd", "@home.example")
    for word in (*personal, *SECRETS, acme.client.custodian.client_secret):
        assert word not in said
