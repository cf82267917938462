"""Notices: what a third party hears of, what it hears when it was away, and what it can ask for again."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.conversations.stage import Desk, desk
from tests.custodian.houses import TestHouse
from wattshare.custodian.exchange import Cause
from wattshare.custodian.model.authorization import Ending
from wattshare.custodian.model.errors import Unavailable
from wattshare.custodian.model.receivers import Circuit, Receiver
from wattshare.custodian.model.work import Attempt, NoticeState
from wattshare.custodian.outbound import Failed
from wattshare.custodian.services.notices import TELL
from wattshare.custodian.store.database import Store
from wattshare.espi.profile import PGE

HOUR, DAY = 3_600, 86_400


def ours(acme: Desk, path: str, *, method: str = "GET", token: str | None = None) -> Any:
    """One of the rows that we add, by the client token."""
    said = {"authorization": f"Bearer {token or acme.client_token()}"}
    answer = acme.house.browser.request(method, PGE.own_root + path, headers=said)
    return answer.json() | {"status_code": answer.status_code}


def attempts(house: TestHouse, acme: Desk) -> list[Attempt]:
    """Every try to tell a third party something."""
    with house.store.read() as tx:
        return list(tx.notices.attempts(*(notice.id for notice in tx.notices.of_third_party(acme.bulk_id))))


def receiver(house: TestHouse, acme: Desk) -> Receiver:
    """What is known of its receiver."""
    with house.store.read() as tx:
        return tx.receivers.of(acme.bulk_id)


def pass_time(house: TestHouse, seconds: int, step: int = 180) -> None:
    """Time goes by, and the worker works."""
    for _ in range(0, seconds, step):
        house.clock.advance(step)
        house.work()


def answering(house: TestHouse, acme: Desk, answer: Callable[[], Any]) -> None:
    """Let its receiver answer something else."""
    house.receivers.answers[acme.address] = answer


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_receiver_that_was_away_for_six_hours_gets_everything_by_itself(house: TestHouse, acme: Desk) -> None:
    homes = [house.home() for _ in range(3)]
    held = [house.share(acme.registered, home) for home in homes]
    acme.told()
    house.receivers.down.add(acme.address)
    for day in (1, 2, 3):
        acme.client.bulk(house.day(day), house.day(day))
        pass_time(house, 2 * HOUR - 60)
        house.clock.advance(60)
        if day == 2:
            house.house.consent.withdraw(held[0].id, Ending.CUSTOMER)
    house.work()
    assert acme.listen() == []
    house.receivers.down.clear()
    pass_time(house, 5 * HOUR)
    heard = acme.listen()
    assert len({notice.webhook_id for notice in heard}) == len(heard) == 4
    # one was tried, whichever was due; of the others the permission that ended goes first
    assert any("correlationID" not in notice.urls[0] for notice in heard[:2])
    assert all(notice.state is NoticeState.TOLD for notice in notices(house, acme))


def notices(house: TestHouse, acme: Desk) -> Any:
    """Its ledger."""
    with house.store.read() as tx:
        return tx.notices.of_third_party(acme.bulk_id)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_dead_receiver_is_tried_once_in_a_while_however_much_waits(house: TestHouse, acme: Desk) -> None:
    house.receivers.down.add(acme.address)
    for _ in range(20):
        house.share(acme.registered, house.home(days=0, bills=0))
    house.work()
    assert receiver(house, acme).state is Circuit.OPEN
    tried = len(attempts(house, acme))
    assert tried == 3
    pass_time(house, 6 * HOUR)
    # a trial in a quarter of an hour at most, which is a random part of it: not twenty notices by their own schedules
    assert len(attempts(house, acme)) - tried <= 80
    house.receivers.down.clear()
    pass_time(house, 4 * HOUR)
    assert receiver(house, acme) == Receiver(third_party_id=acme.bulk_id)
    assert len(acme.listen()) == 20


def test_a_dead_receiver_delays_nobody_else(house: TestHouse, acme: Desk) -> None:
    beta = desk(house, "Beta Solar")
    house.receivers.down.add(acme.address)
    for party in (acme, acme, acme, acme, beta):
        house.share(party.registered, house.home(days=0, bills=0))
    house.work()
    assert len(beta.listen()) == 1


def test_a_permission_that_ended_goes_before_all_else(house: TestHouse, acme: Desk) -> None:
    held = house.share(acme.registered, house.home())
    acme.told()
    acme.client.bulk(house.day(1))
    # the file is made, and its notice waits
    worker = house.house.worker("making")
    replace(worker, lanes=worker.lanes[:1]).drain()
    house.clock.advance(5)
    house.house.consent.withdraw(held.id, Ending.CUSTOMER)
    house.work()
    first, second = acme.listen()
    assert first.urls == (f"https://share.example{PGE.resource_root}/Authorization/{held.id}",)
    assert "correlationID" in second.urls[0]


def test_410_ends_the_sending_until_the_address_changes(house: TestHouse, acme: Desk) -> None:
    answering(house, acme, lambda: Failed(cause=Cause.STATUS, status=410, milliseconds=3, permanent=True))
    house.share(acme.registered, house.home())
    house.work()
    pass_time(house, 3 * DAY, HOUR)
    assert [one.status for one in attempts(house, acme)] == [410]
    wish = house.house.registration.wish(acme.registered.party)
    moved = house.house.registration.change(acme.name, replace(wish, notification_uri="https://acme.example/new"))
    acme.registered = replace(acme.registered, party=moved)
    house.work()
    assert len(acme.listen()) == 1


def test_each_try_says_when_it_was_how_long_it_took_and_why_it_failed(house: TestHouse, acme: Desk) -> None:
    answers = iter(
        (
            Failed(cause=Cause.TIMEOUT, milliseconds=30_000),
            Failed(cause=Cause.STATUS, status=302, milliseconds=12),
            Failed(cause=Cause.BAD_CERTIFICATE, milliseconds=40),
        )
    )
    answering(house, acme, lambda: next(answers, None))
    house.share(acme.registered, house.home())
    began = house.clock()
    house.work()
    pass_time(house, HOUR)
    [told] = ours(acme, "/notices")["notices"]
    tried = told["attempts"]
    assert [(one["status"], one["cause"], one["milliseconds"]) for one in tried] == [
        (None, "timeout", 30_000),
        (302, "status", 12),
        (None, "bad_certificate", 40),
        (200, None, 3),
    ]
    assert tried[0]["at"] == began
    assert [one["at"] for one in tried] == sorted({one["at"] for one in tried})
    assert (told["state"], told["next_try_at"]) == ("told", None)


def test_the_ledger_is_paged_and_goes_on_where_it_was(house: TestHouse, acme: Desk) -> None:
    for _ in range(5):
        house.share(acme.registered, house.home(days=0, bills=0))
    first = ours(acme, "/notices?limit=2")
    second = ours(acme, f"/notices?limit=3&after={first['after']}")
    assert [len(page["notices"]) for page in (first, second)] == [2, 3]
    assert (first["more"], second["more"]) == (True, False)
    assert [one["number"] for page in (first, second) for one in page["notices"]] == [1, 2, 3, 4, 5]
    # nothing is new yet; then something is
    later = ours(acme, f"/notices?after={second['after']}")
    assert (later["notices"], later["after"]) == ([], 5)
    house.share(acme.registered, house.home(days=0, bills=0))
    assert [one["number"] for one in ours(acme, f"/notices?after={later['after']}")["notices"]] == [6]


def test_who_has_no_address_for_notices_asks_for_them(house: TestHouse) -> None:
    acme = desk(house, notification_uri=None)
    house.share(acme.registered, house.home())
    house.work()
    [told] = ours(acme, "/notices")["notices"]
    assert (told["state"], told["attempts"]) == ("kept", [])
    assert ours(acme, f"/notices/{told['id']}/replay", method="POST")["status_code"] == 400


def test_a_notice_is_told_again_under_its_own_name(house: TestHouse, acme: Desk) -> None:
    house.share(acme.registered, house.home())
    house.work()
    [first] = acme.listen()
    said = ours(acme, f"/notices/{first.webhook_id}/replay", method="POST")
    assert (said["status_code"], said["outcome"]) == (202, "due")
    house.work()
    *_, (_, _, headers) = house.receivers.heard
    assert (headers["webhook-id"], headers["x-notice-replay"]) == (first.webhook_id, "1")
    assert len(attempts(house, acme)) == 2


def test_a_time_is_told_again(house: TestHouse, acme: Desk) -> None:
    for _ in range(3):
        house.share(acme.registered, house.home(days=0, bills=0))
        house.work()
        house.clock.advance(HOUR)
    heard = len(house.receivers.heard)
    since = house.clock() - 2 * HOUR
    said = ours(acme, f"/notices/replay?since={since}", method="POST")
    assert len(said["replayed"]) == 2
    house.work()
    assert len(house.receivers.heard) == heard + 2
    assert ours(acme, "/notices/replay", method="POST")["field"] == "since"


def test_a_notice_whose_file_is_gone_has_the_same_window_ordered_again(house: TestHouse, acme: Desk) -> None:
    tokens = acme.connect(house.home())
    acme.client.subscription(tokens.subscription, house.day(2), house.day(1))
    house.work()
    [first] = [notice for notice in acme.listen() if "correlationID" in notice.urls[0]]
    before = acme.client.fetch(first.urls[0]).body.read()
    house.clock.advance(6 * DAY)
    house.house.worker("test").sweep()
    said = ours(acme, f"/notices/{first.webhook_id}/replay", method="POST")
    assert (said["status_code"], said["outcome"]) == (202, "ordered")
    house.work()
    [second] = [notice for notice in acme.listen() if "correlationID" in notice.urls[0]]
    assert second.webhook_id != first.webhook_id
    acme.client.call("authorizations")
    assert acme.client.fetch(second.urls[0]).body.read() == before


def test_what_was_new_in_a_file_that_is_gone_is_ordered_again(house: TestHouse, acme: Desk) -> None:
    house.share(acme.registered, house.home(days=4))
    acme.client.bulk()
    house.work()
    house.clock.advance(60)
    acme.client.bulk()
    house.work()
    lost = [notice for notice in acme.listen() if "correlationID" in notice.urls[0]][-1]
    house.clock.advance(6 * DAY)
    house.house.worker("test").sweep()
    ours(acme, f"/notices/{lost.webhook_id}/replay", method="POST")
    with house.store.read() as tx:
        [job] = [job for job in tx.jobs.waiting() if job.kind == "make_batch"]
        batch = tx.batches.by_id(job.subject)
    assert batch is not None
    assert batch.window.startswith("updated-min=")


def test_a_notice_of_a_permission_that_ended_is_not_ordered_again(house: TestHouse, acme: Desk) -> None:
    tokens = acme.connect(house.home())
    acme.client.subscription(tokens.subscription)
    house.work()
    [told] = [notice for notice in acme.listen() if "correlationID" in notice.urls[0]]
    acme.client.revoke(tokens.subscription)
    house.clock.advance(6 * DAY)
    house.house.worker("test").sweep()
    assert ours(acme, f"/notices/{told.webhook_id}/replay", method="POST")["status_code"] == 404


def test_anothers_notice_is_not_there(house: TestHouse, acme: Desk) -> None:
    beta = desk(house, "Beta Solar")
    house.share(beta.registered, house.home())
    [theirs] = ours(beta, "/notices")["notices"]
    for path, method in ((f"/notices/{theirs['id']}", "GET"), (f"/notices/{theirs['id']}/replay", "POST")):
        missing = ours(acme, path.replace(theirs["id"], "none"), method=method)
        foreign = ours(acme, path, method=method)
        assert missing["status_code"] == 404
        assert {**foreign, "correlation_id": None} == {**missing, "correlation_id": None}
    assert ours(acme, "/notices")["notices"] == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=x", "after=-1", "since=yesterday", "since=1&since=2", "since=2&until=1"]
)
def test_a_question_that_makes_no_sense_is_refused_by_name(house: TestHouse, acme: Desk, query: str) -> None:
    said = ours(acme, f"/notices?{query}")
    assert (said["status_code"], said["field"]) == (400, query.partition("=")[0])


def test_the_keys_that_sign_are_public(house: TestHouse, acme: Desk) -> None:
    answer = house.browser.get(f"{PGE.own_root}/notices/keys")
    [key] = answer.json()["keys"]
    assert key["public_key"].startswith("whpk_")
    assert key["algorithm"] == "ed25519"
    assert answer.headers["cache-control"] == "public, max-age=3600"


def test_a_worker_that_died_over_a_trial_does_not_shut_the_receiver_for_good(house: TestHouse, acme: Desk) -> None:
    house.receivers.down.add(acme.address)
    for _ in range(4):
        house.share(acme.registered, house.home(days=0, bills=0))
    house.work()
    with house.store.begin() as tx:
        known = tx.receivers.of(acme.bulk_id)
        tried = known.admitted(known.shut_until)
        assert tried is not None
        tx.receivers.keep(tried)
    house.receivers.down.clear()
    pass_time(house, HOUR)
    assert len(acme.listen()) == 4


class CutOff:
    """A store whose writers are cut off so many times after a notice was taken."""

    def __init__(self, store: Store, heard: list[Any], times: int) -> None:
        """Take the store behind it, and what was heard."""
        self.store, self.heard, self.times = store, heard, times

    def read(self, *purpose: Any) -> Any:
        """As ever."""
        return self.store.read(*purpose)

    def begin(self, *purpose: Any) -> Any:
        """Refuse while it is cut off."""
        if self.heard and self.times:
            self.times -= 1
            raise Unavailable
        return self.store.begin(*purpose)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_what_was_taken_is_written_down_although_the_store_was_away(house: TestHouse, acme: Desk) -> None:
    house.share(acme.registered, house.home(days=0, bills=0))
    waited: list[float] = []
    cut = replace(
        house.house.delivery.notices,
        store=CutOff(house.house.store, house.receivers.heard, times=4),  # type: ignore[arg-type]
        wait=waited.append,
    )
    worker = house.house.worker("test")
    replace(worker, steps={**worker.steps, TELL: cut.tell}).drain()
    assert len(waited) == 4
    house.clock.advance(7 * 86_400)
    house.work()
    assert len(house.receivers.heard) == 1
    assert [one.state for one in notices(house, acme)] == [NoticeState.TOLD]
