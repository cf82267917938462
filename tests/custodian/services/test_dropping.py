"""The drop folder: complete files only, never lost, never twice."""

import gzip
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.custodian.houses import TestHouse
from tests.custodian.services.taking import NOW, contents_of
from tests.custodian.services.test_tables import POINT, meaning, table
from wattshare.custodian.formats.sources import Caps
from wattshare.custodian.formats.tables.mapping import to_toml
from wattshare.custodian.model.work import TAKE
from wattshare.custodian.services.intake import Intake
from wattshare.custodian.services.intake.door import Door
from wattshare.custodian.services.intake.dropping import DropFolder
from wattshare.custodian.store.database import Store
from wattshare.espi.profile import PGE

DAY = table(*(f"{POINT},2024-03-08 {hour:02}:00,{hour}" for hour in range(24)))
STILL = 10


@dataclass
class Watch:
    """A drop folder, its clock, and a hand that does what it orders."""

    store: Store
    folder: Path
    at: int = NOW
    set_aside: bool = False

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        (self.folder / "mapping.toml").write_text(to_toml(meaning()))
        self.drop = self.opened()

    def opened(self) -> DropFolder:
        """The folder as a process that has just started sees it."""
        intake = Intake(self.store, lambda: self.at, PGE)
        return DropFolder(
            folder=self.folder,
            store=self.store,
            door=Door(intake),
            now=lambda: self.at,
            caps=Caps(),
            still=STILL,
            set_aside=self.set_aside,
        )

    def pass_by(self, seconds: int = STILL) -> int:
        """Look, and take what is complete; how many files that was."""
        self.at += seconds
        self.drop.look()
        done = 0
        while True:
            with self.store.begin() as tx:
                job = tx.jobs.claim("hand", self.at, 60, (TAKE,))
            if job is None:
                return done
            again = self.drop.take(job)
            with self.store.begin() as tx:
                if again is None:
                    tx.jobs.finish(job)
                else:
                    tx.jobs.retry(job, again, None)
            done += 1

    def has(self) -> list[str]:
        """What lies where, mappings aside."""
        files = (path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())
        return sorted(name for name in files if not name.endswith(".toml"))


@pytest.fixture
def watch(store: Store, tmp_path: Path) -> Watch:
    """An empty drop folder of an empty utility."""
    return Watch(store, tmp_path / "drop")


def test_a_file_is_taken_when_it_has_been_still_and_moved_with_a_report(watch: Watch) -> None:
    (watch.folder / "day.csv").write_text(DAY)
    assert watch.pass_by() == 0
    assert watch.pass_by(STILL - 1) == 0
    assert watch.pass_by(1) == 1
    assert watch.has() == ["done/day.csv", "done/day.csv.report.json"]
    [report] = json.loads((watch.folder / "done/day.csv.report.json").read_text())
    assert report["readings"]["new"] == 24


def test_a_file_that_still_grows_waits(watch: Watch) -> None:
    file = watch.folder / "day.csv"
    for size in (20, 60, len(DAY)):
        file.write_text(DAY[:size])
        assert watch.pass_by() == 0
    assert watch.pass_by() == 1


def test_a_file_that_gets_its_name_when_it_is_written_is_complete(watch: Watch) -> None:
    part = watch.folder / "day.csv.part"
    part.write_text(DAY)
    assert watch.pass_by() == 0
    assert watch.pass_by() == 0
    part.rename(watch.folder / "day.csv")
    assert watch.pass_by(0) == 1


def test_what_is_hidden_linked_or_unfinished_is_left_alone(watch: Watch, tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text(DAY)
    (watch.folder / ".day.csv").write_text(DAY)
    (watch.folder / "day.csv.tmp").write_text(DAY)
    (watch.folder / "link.csv").symlink_to(outside)
    for _ in range(3):
        assert watch.pass_by() == 0
    assert outside.exists()


def test_a_refused_file_says_why(watch: Watch, store: Store) -> None:
    (watch.folder / "day.csv").write_text(DAY.replace(",5\n", ",x\n"))
    watch.pass_by()
    before = contents_of(store)
    assert watch.pass_by() == 1
    assert watch.has() == ["refused/day.csv", "refused/day.csv.report.json"]
    [report] = json.loads((watch.folder / "refused/day.csv.report.json").read_text())
    assert report["bad_rows"][0]["raw"].endswith(",x\n")
    assert contents_of(store) == before
    with store.read() as tx:
        assert [(one.name, one.state) for one in tx.imports.outcomes(5)] == [("day.csv", "refused")]


def test_bad_rows_are_set_aside_where_that_is_set(store: Store, tmp_path: Path) -> None:
    watch = Watch(store, tmp_path / "drop", set_aside=True)
    (watch.folder / "day.csv").write_text(DAY.replace(",5\n", ",x\n"))
    watch.pass_by()
    assert watch.pass_by() == 1
    assert watch.has() == ["done/day.csv", "done/day.csv.bad.csv", "done/day.csv.report.json"]


def test_a_mapping_that_cannot_be_used_refuses_the_file(watch: Watch) -> None:
    (watch.folder / "day.csv.toml").write_text("form = 'round'")
    (watch.folder / "day.csv").write_text(DAY)
    watch.pass_by()
    assert watch.pass_by() == 1
    [report] = json.loads((watch.folder / "refused/day.csv.report.json").read_text())
    assert report["refused"]["sentence"].startswith("day.csv.toml: form: must be one of")


def test_folders_in_it_have_mappings_of_their_own_and_archives_are_unpacked(watch: Watch) -> None:
    inner = watch.folder / "gas"
    inner.mkdir()
    (inner / "mapping.toml").write_text(to_toml(meaning(values={"unit": "therm"})))
    (inner / "day.csv.gz").write_bytes(gzip.compress(DAY.replace("539", "538").encode()))
    with ZipFile(watch.folder / "days.zip", "w") as archive:
        archive.writestr("../../a.csv", DAY)
        archive.writestr("b.csv", DAY.replace("03-08", "03-09"))
    watch.pass_by()
    assert watch.pass_by() == 2
    assert watch.has() == [
        "done/days.zip",
        "done/days.zip.report.json",
        "done/gas/day.csv.gz",
        "done/gas/day.csv.gz.report.json",
    ]
    reports = json.loads((watch.folder / "done/days.zip.report.json").read_text())
    assert [(one["name"], one["readings"]["new"]) for one in reports] == [
        ("days.zip/a.csv", 24),
        ("days.zip/b.csv", 24),
    ]


def test_names_are_not_taken_away_from_former_files(watch: Watch) -> None:
    for changed in ("1", "2", "3"):
        (watch.folder / "day.csv").write_text(DAY.replace(",5\n", f",{changed}\n"))
        watch.pass_by()
        assert watch.pass_by() == 1
    assert [name for name in watch.has() if name.endswith(".csv")] == [
        "done/day.2.csv",
        "done/day.3.csv",
        "done/day.csv",
    ]


def test_a_process_that_dies_after_storing_leaves_the_file_to_be_found_known(
    watch: Watch, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    (watch.folder / "day.csv").write_text(DAY)
    watch.pass_by()

    def die(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(os, "fsync", die)
    with pytest.raises(SystemExit):
        watch.pass_by()
    monkeypatch.undo()
    before = contents_of(store)
    assert "day.csv" in watch.has()
    # the job is another's when its lease has ended
    watch.drop = watch.opened()
    watch.pass_by(61)
    assert watch.pass_by() + len([name for name in watch.has() if name == "done/day.csv"]) >= 1
    assert "done/day.csv" in watch.has()
    assert "day.csv" not in watch.has()
    [report] = json.loads((watch.folder / "done/day.csv.report.json").read_text())
    assert report["known"]
    assert contents_of(store) == before


def test_a_file_that_changes_while_it_is_read_is_read_again(
    watch: Watch, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = watch.folder / "day.csv"
    file.write_text(table(f"{POINT},2024-03-08 00:00,0"))
    watch.pass_by()
    take = Door.take

    def grow(self: Door, *rest: object) -> object:
        report = take(self, *rest)  # type: ignore[arg-type]
        file.write_text(DAY)
        return report

    monkeypatch.setattr(Door, "take", grow)
    assert watch.pass_by() == 1
    monkeypatch.undo()
    assert watch.has() == ["day.csv"]
    watch.pass_by()
    assert watch.has() == ["done/day.csv", "done/day.csv.report.json"]
    [report] = json.loads((watch.folder / "done/day.csv.report.json").read_text())
    assert report["readings"] == {"new": 23, "changed": 0, "same": 1}


def test_the_worker_looks_into_the_folder_and_has_a_hand_for_it(house: TestHouse, tmp_path: Path) -> None:
    assert TAKE not in house.house.worker().steps
    settings = house.house.settings.model_copy(update={"drop_folder": tmp_path / "drop"})
    worker = replace(house.house, settings=settings).worker()
    assert TAKE in worker.steps
    # a table may need the one before it, whichever worker has that one
    assert [lane.one_at_a_time for lane in worker.lanes if TAKE in lane.kinds] == [True]
    assert any(getattr(chore, "__name__", "") == "look" for chore in worker.chores)


def test_tables_of_customers_need_no_mapping_of_their_own(watch: Watch) -> None:
    (watch.folder / "customers.csv").write_text("customer,name\nC-1,Robin Field\n")
    watch.pass_by()
    assert watch.pass_by() == 1
    [report] = json.loads((watch.folder / "done/customers.csv.report.json").read_text())
    assert (report["kind"], report["records"]["new"]) == ("customers", 1)


def test_names_that_no_text_holds_and_long_ones_hold_nothing_up(watch: Watch) -> None:
    names = [b"m\xfcller.csv", b"two\nlines.csv", b"n" * 251 + b".csv", "日".encode() * 83 + b".csv", b"b\xe4r/z.csv"]
    for number, name in enumerate(names):
        path = watch.folder / os.fsdecode(name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(DAY.replace(",1\n", f",{number}\n"))
    assert watch.pass_by() == 0
    assert watch.pass_by() == len(names)
    moved = [
        "done/b�r/z.csv",
        "done/m�ller.csv",
        f"done/{'n' * 196}.csv",
        "done/two�lines.csv",
        f"done/{'日' * 65}.csv",
    ]
    assert watch.has() == sorted(name + end for name in moved for end in ("", ".report.json"))


def test_bad_rows_of_a_file_whose_name_no_text_holds_are_set_aside_too(store: Store, tmp_path: Path) -> None:
    watch = Watch(store, tmp_path / "drop", set_aside=True)
    (watch.folder / os.fsdecode(b"m\xfcller.csv")).write_text(f"{DAY}{POINT},yesterday,1\n")
    watch.pass_by()
    assert watch.pass_by() == 1
    assert watch.has() == ["done/m�ller.csv", "done/m�ller.csv.bad.csv", "done/m�ller.csv.report.json"]


def test_tables_that_others_refer_to_are_taken_first_and_in_archives_too(watch: Watch) -> None:
    tables = {
        "accounts.csv": "account,customer\nA-{0},C-{0}\n",
        "agreements.csv": "agreement,account,usage_point,commodity,starts\n"
        f"SA-{{0}},A-{{0}},{POINT}{{0}},electricity,2023-01-01\n",
        "bills.csv": f"usage_point,first_day,last_day,total\n{POINT}{{0}},2024-03-01,2024-03-31,5\n",
        "customers.csv": "customer,name\nC-{0},Robin Field\n",
        "meters.csv": f"meter,usage_point,installed\nM-{{0}},{POINT}{{0}},2023-01-01\n",
        "holders.csv": "account,customer,starts\nA-{0},C-{0},2023-01-01\n",
    }
    with ZipFile(watch.folder / "zipped.zip", "w") as archive:
        for name, text in tables.items():
            (watch.folder / name).write_text(text.format(1))
            archive.writestr(name, text.format(2))
    watch.pass_by()
    assert watch.pass_by() == len(tables) + 1
    assert [name for name in watch.has() if not name.startswith("done/")] == []
