"""A worker that is killed in the middle: nothing half is seen, nothing is lost, and another goes on."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conversations.stage import Desk
from tests.custodian.houses import TestHouse
from wattshare.custodian.model.work import MAKE
from wattshare.custodian.worker.loop import LEASE_SECONDS
from wattshare.thirdparty.feeds import readings

ROOT = Path(__file__).parents[2]
# a worker of its own process, on the same store and folder, that is killed at one place
KILLED = """
import json
import os
import sys
from pathlib import Path

from tests.custodian import houses
from wattshare.custodian.services import notices, part_files
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.keys import Keys


def die(*_, **__):
    os.kill(os.getpid(), 9)


def hear_and_die(self, url, body, headers):
    (folder / "heard.json").write_text(json.dumps(headers))
    die()


folder, at, place = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
match place:
    case "half a file":
        part_files.os.fsync = die
    case "a whole file":
        part_files.sync = die
    case "its commit":
        notices.owe = die
    case "a notice":
        houses.Receivers.post = hear_and_die
store = Store.connect(sys.argv[4], Keys.read(folder / "keys.json"))
with houses.built(folder, store) as house:
    house.clock.at = at
    house.work()
"""


def killed(house: TestHouse, place: str) -> None:
    """Let a worker work until it is killed there."""
    folder = house.house.settings.home
    url = house.store.engine.url.render_as_string(hide_password=False)
    told = [sys.executable, "-c", KILLED, str(folder), str(house.clock()), place, url]
    done = subprocess.run(told, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == -9, done.stderr


@pytest.mark.parametrize("place", ["half a file", "a whole file", "its commit"])
def test_a_batch_is_seen_whole_or_not_at_all(house: TestHouse, acme: Desk, place: str) -> None:
    home = house.home(days=2)
    tokens = acme.connect(home)
    acme.told()
    acme.client.subscription(tokens.subscription)
    killed(house, place)
    # nobody was told, nobody can have it, and while the lease runs nobody else begins
    with house.store.read() as tx:
        [batch] = [tx.batches.by_id(job.subject) for job in tx.jobs.waiting() if job.kind == MAKE]
        assert batch is not None
        kept = tx.batches.parts(batch.id)
    assert len(kept) == (place == "its commit")
    assert acme.files() == []
    path = f"/Batch/Subscription/{tokens.subscription}?correlationID="
    assert all(acme.ask(path + part.correlation_id, tokens.access_token).status_code == 404 for part in kept)
    house.clock.advance(LEASE_SECONDS + 1)
    [url] = acme.files()
    assert url.endswith(kept[0].correlation_id if kept else "")
    assert {one.usage_point for one in readings(acme.client.fetch(url))} == {str(home.usage_points[0])}
    assert acme.told() == []


def test_a_notice_that_was_heard_is_told_again_as_the_same(house: TestHouse, acme: Desk) -> None:
    tokens = acme.connect(house.home(days=2))
    acme.told()
    acme.client.subscription(tokens.subscription)
    killed(house, "a notice")
    heard = (house.house.settings.home / "heard.json").read_text()
    house.clock.advance(LEASE_SECONDS + 1)
    house.work()
    [(_, _, headers)] = house.receivers.heard[-1:]
    assert f'"webhook-id": "{headers["webhook-id"]}"' in heard
    [url] = acme.files()
    assert acme.client.fetch(url).status == 200
