"""What the operator's monitoring reads: figures at a place of their own, and never at the public one."""

import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conversations.stage import Desk
from tests.custodian.houses import TestHouse
from tests.custodian.servers import ENGINES
from tests.custodian.web.served import ask, plain, routed
from wattshare.custodian.front import Front
from wattshare.custodian.services.metrics import Family, Metrics, Sample, text
from wattshare.custodian.store.database import Store
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.edge import Edge
from wattshare.custodian.web.routes import Route
from wattshare.custodian.web.server import serving
from wattshare.custodian.web.watching import Requests, watched
from wattshare.espi.endpoints import Token


def figures(house: TestHouse) -> dict[str, int]:
    """Each line's name with its labels, and its number."""
    lines = text(Metrics(store=house.house.store, now=house.clock).families()).splitlines()
    pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: int(number) for name, _, number in pairs}


@pytest.mark.parametrize("engine", ENGINES)
def test_what_waits_what_is_dead_and_how_far_it_is(house: TestHouse, acme: Desk) -> None:
    party = f'{{third_party="{acme.bulk_id}"}}'
    acme.connect(house.home())
    house.work()
    quiet = figures(house)
    assert quiet["wattshare_batches_oldest_seconds"] == 0
    assert f"wattshare_notices_due{party}" not in quiet
    house.receivers.down.add(acme.address)
    acme.client.bulk(house.day(3))
    house.clock.advance(30)
    waiting = figures(house)
    assert waiting["wattshare_batches_oldest_seconds"] == 30
    assert waiting['wattshare_batches{state="ordered"}'] == 1
    assert waiting['wattshare_jobs_due{kind="make_batch"}'] == 1
    assert waiting['wattshare_jobs_oldest_seconds{kind="make_batch"}'] == 30
    house.work()
    house.clock.advance(7 * 3_600)
    house.work()
    house.house.worker("test").sweep()
    failing = figures(house)
    assert failing['wattshare_batches{state="made"}'] == 1
    assert failing[f"wattshare_notices_due{party}"] == 1
    assert failing[f"wattshare_notices_oldest_seconds{party}"] == 7 * 3_600
    assert failing[f"wattshare_receiver_dead{party}"] == 1
    assert failing[f"wattshare_receiver_failing_seconds{party}"] == 7 * 3_600
    assert failing["wattshare_trail_entries_total"] > quiet["wattshare_trail_entries_total"]


@pytest.mark.parametrize("engine", ENGINES)
def test_deltas_by_state_and_progress(house: TestHouse, acme: Desk) -> None:
    acme.connect(house.home())
    house.house.registration.change(
        acme.name, replace(house.house.registration.wish(acme.registered.party), notify_daily=True)
    )
    begun = house.house.delivery.deltas.close()
    day = house.day(0).isoformat()
    assert figures(house)[f'wattshare_deltas{{day="{day}",state="due"}}'] == begun
    with house.store.begin() as tx:
        jobs = [job for job in tx.jobs.waiting() if job.kind == "delta"]
    for job in jobs:
        house.house.delivery.deltas.order(job)
    labels = f'{{third_party="{acme.bulk_id}",endpoint="batch-bulk"}}'
    with house.store.begin() as tx:
        [batch] = [
            tx.batches.by_id(delta.batch_id or "")
            for delta in tx.daily.of_third_party(acme.bulk_id)
            if delta.endpoint == "batch-bulk"
        ]
        assert batch is not None
        tx.batches.progressed(batch.id, 1, 4)
    known = figures(house)
    assert (known[f"wattshare_delta_usage_points_done{labels}"], known[f"wattshare_delta_usage_points_of{labels}"]) == (
        1,
        4,
    )
    house.work()
    assert f"wattshare_delta_usage_points_done{labels}" not in figures(house)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_they_are_told_at_a_place_of_their_own(house: TestHouse, acme: Desk) -> None:
    edge = Front(house.house).application()
    edge.requests.note("GET", "/a", 200, 7)
    edge.requests.note("BREW", "", 404, 1)
    with watched("127.0.0.1:0", Metrics(store=house.house.store, now=house.clock), edge.requests) as port:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
            told = answer.read().decode()
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/")
    assert 'wattshare_requests_total{method="GET",route="/a",status="200"} 1\n' in told
    # what a caller made up is no label
    assert 'wattshare_requests_total{method="",route="",status="404"} 1\n' in told
    assert "wattshare_jobs_due" in told
    assert house.browser.get("/metrics").status_code == 404


def test_every_request_is_counted(tmp_path: Path) -> None:
    def answer(call: Call) -> Response:
        return Response.json({})

    settings = plain(tmp_path)
    here = routed(Route(path="/here/{name}", method="GET", token=Token.NONE, handler=answer))
    edge = Edge.of(settings, here, new_id=lambda: "1")
    with serving(edge, settings) as port:
        for target in ("/here/a", "/here/b", "/nowhere"):
            ask(port, target)
    assert edge.requests.answered == {("GET", "/here/{name}", 200): 2, ("", "", 404): 1}


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_store_that_is_away_is_a_figure_too(house: TestHouse) -> None:
    away = Store.connect("postgresql://nobody@127.0.0.1:1/none", house.store.keys)
    with (
        watched("127.0.0.1:0", Metrics(store=away, now=house.clock), Requests()) as port,
        pytest.raises(urllib.error.HTTPError, match="503"),
    ):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics")


@pytest.mark.parametrize("engine", ["sqlite"])
def test_nobody_listens_where_nothing_is_set(house: TestHouse) -> None:
    assert house.house.settings.metrics_listen is None
    with watched(None, Metrics(store=house.house.store, now=house.clock), Requests()) as port:
        assert port is None


def test_labels_are_escaped() -> None:
    family = Family(name="x", meant="X.", samples=(Sample(1, (("a", 'b"\\\n'),)),))
    assert text([family]) == '# HELP x X.\n# TYPE x gauge\nx{a="b\\"\\\\\\n"} 1\n'
