"""How much a third party may ask."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import pytest

from tests.custodian.houses import TestHouse, built
from wattshare.custodian.model.errors import TooMany, Unavailable
from wattshare.custodian.model.parties import ThirdParty
from wattshare.custodian.services.limits import Limits, Span
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


def test_those_that_come_at_once_are_counted_together_and_none_too_many(store: Store, tmp_path: Path) -> None:
    with built(tmp_path, store, rate_limits=True, rate_per_second=40, rate_per_hour=7) as house:
        acme, brook = house.third_party("Acme Energy").party, house.third_party("Brook Solar").party
        limits, turn = house.house.limits, house.house.limits.together

        def count(party: ThirdParty) -> tuple[str, ...]:
            try:
                return tuple(f"{one.name} {one.left}" for one in limits.count(party))
            except TooMany as why:
                return (f"{why}, {why.retry_after}",)

        with ThreadPoolExecutor(15) as pool:
            with turn.turn:
                # while somebody is at it, all others come
                asked = [pool.submit(count, party) for party in (*[acme] * 5, brook, *[acme] * 5, brook)]
                while len(turn.waiting) < len(asked):
                    time.sleep(0.001)
            told = [one.result() for one in asked]
        assert sorted(told[:5] + told[6:11]) == sorted(
            [
                *((f"second {39 - used}", f"hour {6 - used}", f"day {19_999 - used}") for used in range(7)),
                *[("More than 7 requests in a hour., 3600",)] * 3,
            ]
        )
        assert sorted([told[5], told[11]]) == [
            ("second 38", "hour 5", "day 19998"),
            ("second 39", "hour 6", "day 19999"),
        ]
        house.clock.advance(HOUR)
        # what was too many is not counted anywhere
        assert count(acme) == ("second 39", "hour 6", "day 19992")


def test_when_the_database_is_away_nobody_is_let_in(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with built(tmp_path, store, rate_limits=True) as house:
        acme = bearer(house, "Acme Energy")

        def away(_: Limits, __: Sequence[int]) -> NoReturn:
            raise Unavailable

        monkeypatch.setattr(Limits, "_count", away)
        assert house.browser.get(STATUS, headers=acme).status_code == 503
