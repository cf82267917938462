"""An import that is killed leaves nothing or all, and gone on with it ends as if nothing had been."""

import multiprocessing
import signal
from pathlib import Path

import pytest

from tests.custodian.killed import POINTS, main
from tests.custodian.servers import ENGINES, OpenStore
from tests.soak.tables import write_table
from wattshare.custodian.store.database import Store

READINGS = 15_000


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """What the store is on."""
    return str(request.param)


# a process that has loaded what they need, and is many of them
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.custodian.killed"])


def take(store: Store, folder: Path, file: Path, point: str = "") -> int | None:
    """Import in a process of its own; how it ended."""
    url = store.engine.url.render_as_string(hide_password=False)
    process = PROCESSES.Process(target=main, args=(url, str(folder / "keys.json"), str(file), point))
    process.start()
    process.join()
    return process.exitcode


def digest(store: Store) -> str:
    with store.read() as tx:
        return tx.content.digest()


def test_a_killed_import_leaves_nothing_or_all(open_store: OpenStore, tmp_path: Path, engine: str) -> None:
    file = tmp_path / "readings.csv"
    write_table(file, READINGS)
    folders = [tmp_path / name for name in ("undisturbed", "killed")]
    for folder in folders:
        folder.mkdir()
    undisturbed, killed = (open_store(folder, engine) for folder in folders)
    nothing = digest(killed)
    assert take(undisturbed, folders[0], file) == 0
    whole = digest(undisturbed)
    assert whole != nothing
    for point in POINTS:
        assert take(killed, folders[1], file, point) == -signal.SIGKILL, point
        assert digest(killed) == (whole if point == "committed" else nothing), point
    assert take(killed, folders[1], file) == 0
    assert digest(killed) == whole
    for store in (undisturbed, killed):
        store.close()


def test_a_killed_table_of_customers_leaves_nothing(open_store: OpenStore, tmp_path: Path, engine: str) -> None:
    store, file = open_store(tmp_path, engine), tmp_path / "customers.csv"
    file.write_text("customer,name\n" + "".join(f"C-{number},Robin {number}\n" for number in range(300)))
    nothing = digest(store)
    # every row is written, and nothing of it is committed
    assert take(store, tmp_path, file, "stored") == -signal.SIGKILL
    assert digest(store) == nothing
    assert take(store, tmp_path, file) == 0
    with store.read() as tx:
        # numbers that the dead one had taken are none
        assert tx.customers.customer(300) is not None
        assert tx.customers.customer(301) is None
    store.close()
