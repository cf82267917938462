"""Importing by command: each file by itself, and what cannot be read is said beside what was taken."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.custodian.cli.conftest import Typed
from tests.custodian.services.feeds import HOUR, Feed, local
from wattshare.custodian.cli.stopping import Stop
from wattshare.custodian.model.errors import Unavailable
from wattshare.custodian.services.intake import Intake
from wattshare.custodian.services.intake.telling import untold

ROOT = Path(__file__).parents[3]

FEED = (
    '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:espi="http://naesb.org/espi">'
    "<id>urn:uuid:6a0f3ee2-9c1f-4e8e-8a3b-0d3a7c1f8b11</id><title>Usage</title>"
    "<updated>2024-03-13T19:00:00Z</updated>{}</feed>"
)


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    """A feed of nothing."""
    file = tmp_path / "feed.xml"
    file.write_text(FEED.format(""))
    return file


def zipped(folder: Path, feed: Path) -> Path:
    file = folder / "feed.zip"
    with ZipFile(file, "w") as archive:
        archive.write(feed)
    return file


def test_files_that_cannot_be_read_keep_no_other_out_and_stand_in_the_report(
    typed: Typed, home: Path, feed: Path, tmp_path: Path
) -> None:
    empty, damaged = tmp_path / "empty", tmp_path / "damaged.zip"
    empty.mkdir()
    damaged.write_bytes(zipped(tmp_path, feed).read_bytes()[:-9])
    files = (feed, tmp_path / "absent.xml", empty, damaged, feed)
    told = typed("import", "--home", home, "--json", *files)
    assert told.exit_code == 1
    reports = json.loads(told.stdout)
    assert [report["refused"] and report["refused"]["rule"] for report in reports] == [
        None,
        "unreadable",
        "unreadable",
        "unreadable",
        None,
    ]
    said = [report["refused"]["sentence"] for report in reports if report["refused"]]
    assert "No such file" in said[0]
    assert "no file" in said[1]
    assert "damaged" in said[2]
    assert reports[-1]["known"]


def test_a_report_begins_on_the_first_line(typed: Typed, home: Path, feed: Path) -> None:
    told = typed("import", "--home", home, feed)
    assert told.output.startswith("feed.xml")


def test_a_report_counts_in_words_and_says_what_stood_there_twice(typed: Typed, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "twice.xml"
    file.write_bytes(Feed().day(0).day(0, changed={5: 7}).xml())
    said = " ".join(typed("import", "--home", home, file).output.split())
    assert "readings: 24 new, 0 corrected, 0 as before; 24 stood there more than once" in said
    assert f"(conflicting-readings, once): {local(0) + 5 * HOUR}" in said
    file.write_text("no XML at all")
    refused = typed("import", "--home", home, file).output
    assert "\n  line 1: The document is not well-formed XML: there is no XML in it. (well-formed)" in refused


@pytest.mark.parametrize("number", [-5, 12, 10**10, 10**20])
def test_a_file_lands_on_a_usage_point_of_ten_digits_only(typed: Typed, home: Path, feed: Path, number: int) -> None:
    assert typed("import", "--home", home, "--usage-point", number, feed).exit_code == 2


def test_an_import_that_is_interrupted_says_so(
    typed: Typed, home: Path, feed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Intake, "take", lambda *_, **__: signal.raise_signal(signal.SIGINT))
    # whatever a command before it has made of the signal in this process
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        told = typed("import", "--home", home, feed)
    finally:
        signal.signal(signal.SIGINT, before)
    assert told.exit_code == 130
    assert "feed.xml: interrupted" in told.stderr


def test_asked_to_stop_it_does_so_between_two_parts_and_is_gone_on_with(
    typed: Typed, home: Path, tmp_path: Path
) -> None:
    file, mapping = tmp_path / "days.csv", tmp_path / "days.toml"
    days = [date(2020, 1, 1) + timedelta(days=number) for number in range(300)]
    file.write_text("point,day,kwh\n" + "".join(f"SP-{point},{day},1\n" for point in range(20) for day in days))
    mapping.write_text(
        '[columns]\nusage_point = "point"\nstart = "day"\nvalue = "kwh"\n[interval]\nlength = "day"\n'
        '[time]\nzone = "local"\n[flow]\nall = "delivered"\n'
    )
    other = Path(shutil.copytree(home, tmp_path / "undisturbed"))
    assert "6000 new" in typed("import", "--home", other, "--mapping", mapping, file).output
    words = [sys.executable, "-m", "tests.custodian.stopped", "import", "--home", home, "--mapping", mapping, file]
    nothing = typed("db", "hash", "--home", home).output
    stopped = subprocess.run(list(map(str, words)), check=False, cwd=ROOT, capture_output=True, text=True)
    assert (stopped.returncode, "days.csv: interrupted" in stopped.stderr) == (130, True), stopped.stderr
    assert typed("db", "hash", "--home", home).output == nothing
    assert "6000 new" in typed("import", "--home", home, "--mapping", mapping, file).output
    assert typed("db", "hash", "--home", home).output == typed("db", "hash", "--home", other).output


def test_asked_twice_it_stops_at_once() -> None:
    stop = Stop()
    with pytest.raises(KeyboardInterrupt), stop.watching(untold) as tell:  # noqa: PT012 - step by step
        tell("reading", 1, 2)
        stop(signal.SIGTERM, None)
        with pytest.raises(KeyboardInterrupt):
            tell("reading", 2, 2)
        stop(signal.SIGTERM, None)


def test_where_nothing_is_taken_in_it_stops_at_once() -> None:
    with pytest.raises(KeyboardInterrupt):
        Stop()(signal.SIGTERM, None)


def test_a_file_for_bad_rows_has_a_folder(typed: Typed, home: Path, feed: Path, tmp_path: Path) -> None:
    told = typed("import", "--home", home, "--set-aside", tmp_path / "no" / "bad.csv", feed)
    assert told.exit_code == 2
    assert "There is no folder" in told.output
    # a long path is broken where the frame ends
    assert "bad.csv" in "".join(told.output.replace("│", "").split())


@pytest.mark.parametrize("option", ["--set-aside", "--write-mapping"])
def test_a_folder_is_no_file_for_what_is_written(
    typed: Typed, home: Path, feed: Path, tmp_path: Path, option: str
) -> None:
    told = typed("import", "--home", home, option, tmp_path, feed)
    assert told.exit_code == 2
    assert "is a folder" in " ".join(told.output.replace("│", " ").split())


def test_folders_that_are_closed_are_told_of(
    typed: Typed, home: Path, feed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "night"
    (folder / "closed").mkdir(parents=True)
    feed.rename(folder / "feed.xml")
    scandir = os.scandir

    def denied(path: str | os.PathLike[str]) -> object:
        # no mode closes a folder to root
        if os.fspath(path).endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", os.fspath(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)
    monkeypatch.setattr(os, "access", lambda path, _: not os.fspath(path).endswith("closed"))
    told = json.loads(typed("import", "--home", home, "--json", folder).stdout)
    assert {one["name"]: one["refused"] and one["refused"]["sentence"] for one in told} == {
        "feed.xml": None,
        "closed": "The folder cannot be read.",
    }


@pytest.mark.parametrize("option", ["--set-aside", "--write-mapping"])
def test_an_option_is_no_name_of_a_file(typed: Typed, home: Path, feed: Path, option: str) -> None:
    told = typed("import", "--home", home, feed, option, "--again")
    assert told.exit_code == 2
    assert "Name a file before --again" in told.output
    assert not Path("--again").exists()


def test_why_the_database_does_not_answer_is_told_to_the_operator(
    typed: Typed, home: Path, feed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise Unavailable(logged="database: database or disk is full")

    monkeypatch.setattr(Intake, "take", full)
    told = typed("import", "--home", home, feed)
    assert told.exit_code == 1
    cut, why = told.stderr.splitlines()
    assert cut == "feed.xml: cut off. It was taken whole or not at all; import it again."
    assert why == "database: database or disk is full"


def test_files_of_one_name_are_named_with_their_folders(typed: Typed, home: Path, tmp_path: Path) -> None:
    for day in ("13", "14"):
        (tmp_path / "june" / day).mkdir(parents=True)
        (tmp_path / "june" / day / "readings.csv").write_text("usage_point,start,value\n")
    told = json.loads(typed("import", "--home", home, "--json", tmp_path / "june").stdout)
    assert [one["name"] for one in told] == ["13/readings.csv", "14/readings.csv"]
