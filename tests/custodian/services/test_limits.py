"""How much a third party may ask."""

from datetime import datetime
from pathlib import Path

import pytest

from tests.custodian.houses import TestHouse, built
from wattshare.custodian.services.limits import Span
from wattshare.custodian.store.database import Store

STATUS = "/GreenButtonConnect/espi/1_1/resource/ReadServiceStatus"
HOUR = 3_600


def bearer(house: TestHouse, name: str) -> dict[str, str]:
    """A client token's header."""
    registered = house.third_party(name)
    answer = house.browser.post(
        "/datacustodian/oauth/v2/token",
        data={"grant_type": "client_credentials"},
        auth=(registered.party.client_id, registered.client_secret),
    )
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def test_the_second_request_of_a_second_is_told_to_wait(store: Store, tmp_path: Path) -> None:
    with built(tmp_path, store, rate_limits=True) as house:
        acme, brook = bearer(house, "Acme Energy"), bearer(house, "Brook Solar")
        assert house.browser.get(STATUS, headers=acme).status_code == 200
        refused = house.browser.get(STATUS, headers=acme)
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["ratelimit"] == '"second";r=0;t=1'
        assert refused.headers["ratelimit-policy"] == '"second";q=1;w=1'
        assert refused.json()["error"] == "too_many_requests"
        assert house.browser.get(STATUS, headers=brook).status_code == 200, "one's flood is not another's"
        house.clock.advance(1)
        assert house.browser.get(STATUS, headers=acme).status_code == 200


def test_every_answer_says_what_is_left(store: Store, tmp_path: Path) -> None:
    with built(tmp_path, store, rate_limits=True) as house:
        acme = bearer(house, "Acme Energy")
        told = [house.browser.get(STATUS, headers=acme)]
        house.clock.advance(2)
        told.append(house.browser.get("/GreenButtonConnect/wattshare/1/notices", headers=acme))
        policy = '"second";q=1;w=1, "hour";q=2000;w=3600, "day";q=20000;w=86400'
        assert {(one.status_code, one.headers["ratelimit-policy"]) for one in told} == {(200, policy)}
        # noon: five hours to the end of the day that is counted
        assert [one.headers["ratelimit"] for one in told] == [
            '"second";r=0;t=1, "hour";r=1999;t=3600, "day";r=19999;t=18000',
            '"second";r=0;t=1, "hour";r=1998;t=3598, "day";r=19998;t=17998',
        ]


def test_an_hour_has_its_own_count(store: Store, tmp_path: Path) -> None:
    with built(tmp_path, store, rate_limits=True, rate_per_hour=3) as house:
        acme = bearer(house, "Acme Energy")
        statuses = []
        for _ in range(4):
            house.clock.advance(1)
            statuses.append(house.browser.get(STATUS, headers=acme).status_code)
        assert statuses == [200, 200, 200, 429]
        house.clock.advance(HOUR)
        assert house.browser.get(STATUS, headers=acme).status_code == 200


@pytest.mark.parametrize(
    ("local", "hours"),
    [
        ("2024-03-08T12:00", 24),
        # the clocks go forward on the 10th at two in the morning
        ("2024-03-10T12:00", 23),
        # and back on 3 November
        ("2024-11-03T12:00", 25),
    ],
)
def test_a_day_ends_at_five_in_the_afternoon(store: Store, tmp_path: Path, local: str, hours: int) -> None:
    with built(tmp_path, store, rate_limits=True) as house:
        zone = house.house.profile.zone
        at = int(datetime.fromisoformat(local).replace(tzinfo=zone).timestamp())
        starts, ends = house.house.limits.bounds(Span.DAY, at)
        assert starts <= at < ends
        assert datetime.fromtimestamp(ends, zone).hour == 17
        assert datetime.fromtimestamp(starts, zone).hour == 17
        assert (ends - starts) // HOUR == hours


def test_switched_off_nothing_is_counted(store: Store, tmp_path: Path) -> None:
    with built(tmp_path, store) as house:
        acme = bearer(house, "Acme Energy")
        assert {house.browser.get(STATUS, headers=acme).status_code for _ in range(5)} == {200}
