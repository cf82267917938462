"""A real feed in by intake, and out again over the API."""

from pathlib import Path

import pytest

from tests.custodian.houses import DAY, TestHouse, built
from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.services.registration import Registered
from wattshare.custodian.store.database import Store
from wattshare.espi import usage, wire
from wattshare.espi.kinds import Kind

RESOURCES = "/GreenButtonConnect/espi/1_1/resource"
HOURLY = "pge-cmd-batch-electric-dst-tou.xml"
# the ids that the utility itself has for these: 72:null:3600:1, and that with :1
READING_TYPE = "NzI6bnVsbDozNjAwOjE="
METER_READING = "TnpJNmJuVnNiRG96TmpBd09qRT06MQ=="
Said = tuple[int, int, int | None, tuple[int, ...], int | None]


def readings(document: bytes) -> list[Said]:
    """What a feed says: start, duration, value, qualities, time-of-use code."""
    root = wire.read(document).root
    return [
        (
            reading.time_period.start,
            reading.time_period.duration,
            reading.value,
            tuple(one.quality for one in reading.quality),
            reading.tou,
        )
        for entry in root.entries  # type: ignore[union-attr]
        for block in entry.content
        if isinstance(block, usage.IntervalBlock)
        for reading in block.reading
        if reading.time_period is not None
    ]


def connected(house: TestHouse, usage_point: int) -> tuple[Registered, Authorization, dict[str, str]]:
    """A third party with a token for one usage point, of years of history."""
    registered = house.third_party(history_days=7_300)
    [held] = house.house.consent.add_offline(
        registered.party.name, (usage_point,), frozenset({Kind.USAGE, Kind.BILLING}), None
    )
    answer = house.browser.post(
        "/datacustodian/oauth/v2/token",
        data={"grant_type": "client_credentials"},
        auth=(registered.party.client_id, registered.client_secret),
    )
    return registered, held, {"Authorization": f"Bearer {answer.json()['client_access_token']}"}


def test_a_real_feed_comes_out_as_it_went_in(store: Store, tmp_path: Path, fixtures: Path) -> None:
    document = (fixtures / "samples" / HOURLY).read_bytes()
    with built(tmp_path, store) as house:
        home = house.home()
        report = house.house.intake.take(document, name=HOURLY, account=home.account_number)
        assert report.refused is None
        [point] = report.usage_points
        registered, held, token = connected(house, point)
        house.browser.get(
            f"{RESOURCES}/Batch/Bulk/{registered.party.id}?published-min=2019-11-01T07:00:00Z", headers=token
        )
        house.work()
        urls = [
            url
            for _, body, _ in house.receivers.heard
            for url in wire.read(body).root.resources  # type: ignore[union-attr]
            if "correlationID" in url
        ]
        [url] = urls
        answer = house.browser.get(url, headers=token)
        assert readings(answer.content) == readings(document)
        text = answer.text
        assert f"/ReadingType/{READING_TYPE}" in text
        assert (
            f"/Subscription/{held.id}/UsagePoint/{point}/MeterReading/{METER_READING}/IntervalBlock/1572764400" in text
        )
        assert "<ns0:duration>90000</ns0:duration><ns0:start>1572764400</ns0:start>" in text


@pytest.mark.parametrize("name", [HOURLY, "espi-gas-monthly.xml", "pge-cmd-batch-gas-daily.xml"])
def test_the_same_file_twice_changes_nothing(store: Store, tmp_path: Path, fixtures: Path, name: str) -> None:
    document = (fixtures / "samples" / name).read_bytes()
    with built(tmp_path, store) as house:
        first = house.house.intake.take(document, name=name)
        again = house.house.intake.take(document, name=name)
        assert again.known
        # other bytes, the same content
        spaced = house.house.intake.take(document + b"\n", name=name)
        assert (spaced.readings.new, spaced.readings.changed) == (0, 0)
        assert spaced.readings.same == first.readings.new


def test_readings_of_nobody_are_told_to_nobody(store: Store, tmp_path: Path, fixtures: Path) -> None:
    document = (fixtures / "samples" / HOURLY).read_bytes()
    with built(tmp_path, store) as house:
        home = house.home()
        report = house.house.intake.take(document, name=HOURLY)
        [point] = report.usage_points
        registered = house.third_party()
        held = house.share(registered, home)
        with house.store.read() as tx:
            opened = tx.readings.usage_points(held, house.clock() + DAY)
        assert point not in {one.id for one in opened}
