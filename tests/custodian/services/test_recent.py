"""What was found out about a bearer in this second answers its next question, unless anything of it has changed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from tests.custodian.asking import Told
from tests.custodian.houses import Home
from tests.custodian.servers import ENGINES
from tests.custodian.world import World, address, empty_world
from wattshare.custodian.model.authorization import Authorization, Ending
from wattshare.custodian.model.parties import Standing
from wattshare.custodian.model.premises import Commodity
from wattshare.custodian.services.disclosure.disclosure import Disclosure
from wattshare.custodian.services.recent import ALONE, READ_ANEW
from wattshare.custodian.services.registration import Registered
from wattshare.custodian.store.bearers import Bearers
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi.endpoints import ENDPOINTS, by_name

ROWS = tuple(row for row in ENDPOINTS if row.shape in ALONE)
WINDOWED = tuple(row for row in ENDPOINTS if row.shape in READ_ANEW)


@dataclass(kw_only=True)
class Story:
    """One third party with one customer's permission, and two processes of one house."""

    world: World
    party: Registered
    home: Home
    held: Authorization
    header: str
    token: str

    def ask(self, name: str = "usage-point", **headers: str) -> Told:
        """Ask for a row of this home."""
        row, point = by_name(name), self.home.usage_points[0]
        ids = self.world.below(point) | {
            "subscription": str(self.held.id),
            "usage_point": str(point),
            "local_time": "1",
        }
        if name == "reading-type":
            ids["reading_type"] = "NzI6bnVsbDo5MDA6MQ=="
        path = {parameter: ids[parameter] for parameter in row.parameters}
        told = (("authorization", self.header), *headers.items())
        return self.world.line.ask(address(row, path), headers=told)

    @property
    def quick(self) -> int:
        """How many answers came out of what was known."""
        return self.world.line.quick.answers

    @property
    def told(self) -> list[tuple[str, int | None]]:
        """What the trail has of disclosures."""
        with self.world.house.store.read() as tx:
            return [(one.endpoint or "", one.authorization_id) for one in tx.trail.since(0) if one.event == "disclosed"]


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """What the store is on."""
    return str(request.param)


@pytest.fixture
def story(tmp_path: Path, store: Store) -> Iterator[Story]:
    """On either engine, on a clock that stands still: every question is asked in the same second."""
    with empty_world(tmp_path, store) as world:
        party, home = world.party("Acme Energy"), world.home()
        pair = world.connect(party, home)
        yield Story(
            world=world,
            party=party,
            home=home,
            held=pair["held"],
            header=f"Bearer {pair['access_token']}",
            token=pair["access_token"],
        )


@contextmanager
def looked_up(story: Story) -> Iterator[list[str]]:
    """The statements that look for a bearer meanwhile."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "FROM token" in statement:
            found.append(statement)

    engine = story.world.house.store.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_second_question_is_answered_without_the_database(story: Story, row: Any) -> None:
    first = story.ask(row.name)
    assert (first.status, story.quick) == (200, 0)
    with looked_up(story) as statements:
        second = story.ask(row.name)
    assert (second.status, second.body, story.quick) == (200, first.body, 1)
    assert not statements
    assert first["etag"] == second["etag"]
    differ = {"x-correlation-id", "x-transaction-id"}
    assert {pair for pair in first.headers if pair[0] not in differ} == {
        pair for pair in second.headers if pair[0] not in differ
    }
    # each is in the trail, under its own id
    assert story.told == [(row.name, story.held.id)] * 2


def test_other_entries_of_the_same_bearer_are_answered_too(story: Story) -> None:
    story.ask("meter-readings")
    for number, name in enumerate(("usage-points", "usage-point", "meter-reading", "local-time"), start=1):
        assert story.ask(name).status == 200
        assert story.quick == number, name
    # the names of all kinds of readings were not asked for yet
    assert story.ask("reading-types").status == 200
    assert story.quick == 4
    assert story.ask("reading-types").status == story.ask("meter-readings").status == 200
    assert story.quick == 6


def test_in_the_next_second_it_is_asked_again(story: Story) -> None:
    story.ask()
    story.world.house.clock.advance(1)
    assert story.ask().status == 200
    assert story.quick == 0
    assert story.ask().status == 200
    assert story.quick == 1


def test_codings_and_conditions_are_those_of_each_question(story: Story) -> None:
    plain = story.ask()
    packed = story.ask(**{"accept-encoding": "gzip"})
    assert (packed["content-encoding"], story.quick) == ("gzip", 1)
    assert packed["etag"] == str(plain["etag"])[:-1] + '+gz"'
    # what owes nothing is asked about as ever
    same = story.ask(**{"if-none-match": str(plain["etag"])})
    assert (same.status, same.body, story.quick) == (304, b"", 1)


def by_hand(statement: str) -> Callable[[Story], None]:
    """A change by whoever has a line to the database."""

    def change(story: Story) -> None:
        with story.world.house.store.begin(Purpose.INTAKE) as tx:
            tx.trail._connection.execute(text(statement), {"held": story.held.id, "point": story.home.usage_points[0]})

    return change


CHANGES: dict[str, tuple[Callable[[Story], object], int]] = {
    "the token is revoked": (lambda story: story.world.revoke(story.party, story.token), 401),
    "the permission ends": (by_hand("UPDATE \"authorization\" SET state = 'ended' WHERE id = :held"), 401),
    "the permission is paused": (by_hand("UPDATE \"authorization\" SET state = 'paused' WHERE id = :held"), 403),
    "the token is gone": (by_hand("DELETE FROM token WHERE authorization_id = :held AND :point > 0"), 401),
    "the third party is suspended": (
        lambda story: story.world.house.house.registration.move("Acme Energy", Standing.SUSPENDED),
        403,
    ),
    "the service is no longer shared": (
        by_hand("DELETE FROM authorization_usage_point WHERE authorization_id = :held AND usage_point_id = :point"),
        404,
    ),
    "they moved out long ago": (
        by_hand("UPDATE agreement SET starts = 1, ends = 2 WHERE usage_point_id = :point AND :held > 0"),
        404,
    ),
    "the third party gives it back": (
        lambda story: story.world.house.house.consent.withdraw(
            story.held.id, Ending.THIRD_PARTY, third_party_id=story.party.party.id
        ),
        401,
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_in_the_same_second_is_obeyed_by_the_next_answer(story: Story, name: str) -> None:
    change, status = CHANGES[name]
    story.ask()
    assert story.ask().status == 200
    assert story.quick == 1
    told = len(story.told)
    change(story)
    after = story.ask()
    assert after.status == status, after.text
    assert (story.quick, len(story.told)) == (1, told)


def test_what_changes_for_another_customer_changes_nothing_here(story: Story) -> None:
    other = story.world.connect(story.party, story.world.home())["held"]
    story.ask()
    with story.world.house.store.begin() as tx:
        tx.tokens.revoke_authorization(other.id, story.world.house.clock())
    assert story.ask().status == 200
    assert story.quick == 1


def test_what_is_taken_in_is_there_for_the_next_answer(story: Story) -> None:
    assert story.ask("meter-readings").text.count("<ns1:entry>") == 1
    assert story.ask("meter-readings").status == 200
    story.world.house.meter(story.home.usage_points[0], Commodity.ELECTRICITY, 2, 7)
    assert story.ask("meter-readings").text.count("<ns1:entry>") == 2


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Who was looked up in the database since."""
    found: list[str] = []
    shown = Bearers.shown

    def noted(bearers: Bearers, told: str) -> Any:
        found.append(told)
        return shown(bearers, told)

    monkeypatch.setattr(Bearers, "shown", noted)
    return found


@pytest.mark.parametrize("row", WINDOWED, ids=lambda row: row.name)
def test_who_asked_in_this_second_is_not_looked_up_for_readings_and_bills(
    story: Story, lookups: list[str], row: Any
) -> None:
    first = story.ask(row.name)
    second = story.ask(row.name)
    assert (first.status, second.status) == (200, 200)
    assert (second.body, second["etag"]) == (first.body, first["etag"])
    assert len(lookups) == 1
    assert story.told == [(row.name, story.held.id)] * 2
    # a condition is asked about as ever
    same = story.ask(row.name, **{"if-none-match": str(first["etag"])})
    assert (same.status, len(lookups)) == (304, 2)
    story.world.house.clock.advance(1)
    assert story.ask(row.name).status == 200
    assert len(lookups) == 3


def test_entries_and_readings_know_their_bearer_from_each_other(story: Story, lookups: list[str]) -> None:
    assert story.ask("interval-blocks").status == 200
    assert (story.ask("meter-reading").status, story.quick) == (200, 1)
    assert story.ask("batch-usage-point").status == story.ask("usage-summaries").status == 200
    assert len(lookups) == 1


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_in_the_same_second_is_obeyed_by_the_next_readings(story: Story, name: str) -> None:
    change, status = CHANGES[name]
    assert story.ask("interval-blocks").status == story.ask("interval-blocks").status == 200
    told = len(story.told)
    change(story)
    after = story.ask("interval-blocks")
    assert after.status == status, after.text
    assert len(story.told) == told


# the line is busy meanwhile: nothing that is asked for over it
@pytest.mark.parametrize("name", sorted(CHANGES.keys() - {"the token is revoked"}))
def test_a_change_after_they_were_read_is_obeyed_too(
    story: Story, lookups: list[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    change, status = CHANGES[name]
    story.ask("interval-blocks")
    told, read, changed = len(story.told), Disclosure.read, list[str]()

    def then_changed(*arguments: Any, **named: Any) -> Any:
        found = read(*arguments, **named)
        if not changed:
            changed.append(name)
            change(story)
        return found

    monkeypatch.setattr(Disclosure, "read", then_changed)
    after = story.ask("interval-blocks")
    assert after.status == status, after.text
    # it was found out anew, once
    assert (changed, len(lookups), len(story.told)) == ([name], 2, told)


def test_readings_that_come_in_the_same_second_are_told(story: Story) -> None:
    assert story.ask("batch-usage-point").text.count("<ns0:IntervalBlock>") == 1
    story.world.house.meter(story.home.usage_points[0], Commodity.ELECTRICITY, 2, 7)
    # of a channel that is new
    assert story.ask("batch-usage-point").text.count("<ns0:IntervalBlock>") == 3
