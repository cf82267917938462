"""Tables by command: the guess shown, written and confirmed; kinds and templates; what became of each; the digest."""

import json
import tomllib
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tests.custodian.cli.conftest import Typed
from tests.custodian.services.feeds import Feed
from wattshare.custodian.cli import asking, commands, importing
from wattshare.custodian.cli.asking import answered, value_of
from wattshare.custodian.cli.reports import previewed
from wattshare.custodian.formats.tables.faults import Question
from wattshare.custodian.formats.tables.mapping import Mapping, from_plain, to_toml
from wattshare.custodian.formats.tables.records import BY_NAME
from wattshare.custodian.services.intake import Report
from wattshare.custodian.services.intake.door import Wanted
from wattshare.custodian.services.intake.report import Preview

TABLE = "SP_ID,Start Time,Usage (kWh)\n" + "".join(
    f"5390000001,2024-03-08 {hour:02}:00,{hour}.5\n" for hour in range(24)
)
ANSWERS = {"time": {"zone": "local"}, "flow": {"all": "delivered"}}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A usual table."""
    file = tmp_path / "readings.csv"
    file.write_text(TABLE)
    return file


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    """What it leaves open."""
    file = tmp_path / "mapping.toml"
    file.write_text(to_toml(from_plain(ANSWERS)))
    return file


def test_what_a_table_seems_to_mean_is_shown_and_written_down(
    typed: Typed, home: Path, table: Path, tmp_path: Path
) -> None:
    file = tmp_path / "guess.toml"
    told = typed("import", "--home", home, "--explain", "--write-mapping", file, table)
    assert told.exit_code == 0
    assert 'start = "Start Time"' in told.output
    assert "# Which clock do the times go by?" in told.output
    assert tomllib.loads(file.read_text())["interval"] == {"length": 3600}
    assert json.loads(typed("imports", "list", "--home", home, "--json").stdout) == []


def test_without_answers_the_keys_are_named(typed: Typed, home: Path, table: Path) -> None:
    told = typed("import", "--home", home, table)
    assert told.exit_code == 1
    assert "Put time.zone into the mapping." in " ".join(told.output.split())


def test_a_table_is_tried_taken_known_and_listed(typed: Typed, home: Path, table: Path, mapping: Path) -> None:
    nothing = typed("db", "hash", "--home", home).output
    words = ("import", "--home", home, "--mapping", mapping)
    tried = typed(*words, "--dry-run", table).output
    assert "row 2: 5390000001,2024-03-08 00:00,0.5 → 5390000001 2024-03-08T08:00:00Z + 3600 s: delivered" in tried
    assert typed("db", "hash", "--home", home).output == nothing
    assert "24 new" in typed(*words, table).output
    assert typed("db", "hash", "--home", home).output != nothing
    assert "taken in before" in typed(*words, table).output
    listed = json.loads(typed("imports", "list", "--home", home, "--json").stdout)
    assert [(one["name"], one["state"], one["rows"]) for one in listed] == [
        ("readings.csv", "known", 0),
        ("readings.csv", "taken", 24),
    ]
    assert "taken" in typed("imports", "list", "--home", home).output


def test_a_wide_row_is_shown_once_and_cut() -> None:
    reading = Preview(
        row=2,
        read="M-1,2024-03-08," + "0.125," * 96,
        named="M-1",
        flow=1,
        start=1_709_884_800,
        duration=900,
        value=125_000,
        power_of_ten=-3,
        unit="wh",
        quality=None,
    )
    kept = "→ M-1 2024-03-08T08:00:00Z + 900 s: delivered 125000×10^-3 wh"
    assert previewed(reading) == f"row 2: {reading.read[:120]}… {kept}"
    assert previewed(reading, again=True) == f"row 2: … {kept}"


def test_a_folder_is_taken_by_name_and_standard_input_by_a_dash(
    home: Path, typed: Typed, table: Path, mapping: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    (folder / "b").mkdir(parents=True)
    for name, point in (("z.csv", 1), ("b/a.csv", 2), (".hidden.csv", 3)):
        (folder / name).write_text(TABLE.replace("5390000001", f"539000001{point}"))
    told = json.loads(typed("import", "--home", home, "--mapping", mapping, "--json", folder).stdout)
    assert [(one["name"], one["readings"]["new"]) for one in told] == [("a.csv", 24), ("z.csv", 24)]
    words = ["import", "--home", str(home), "--mapping", str(mapping), "--json", "-"]
    given = CliRunner().invoke(commands.app, words, input=TABLE)
    assert [(one["name"], one["readings"]["new"]) for one in json.loads(given.stdout)] == [("standard input", 24)]


def test_what_was_corrected_is_corrected_back_by_the_former_file_again(
    typed: Typed, home: Path, table: Path, mapping: Path, tmp_path: Path
) -> None:
    words = ["import", "--home", home, "--mapping", mapping, "--json"]
    corrected = tmp_path / "corrected.csv"
    corrected.write_text(table.read_text().replace(",5.5", ",9.5"))

    def tally(*more: object) -> object:
        return json.loads(typed(*words, *more).stdout)[0]["readings"]

    assert tally(table) == {"new": 24, "changed": 0, "same": 0}
    assert tally(corrected) == {"new": 0, "changed": 1, "same": 23}
    assert tally(table) == {"new": 0, "changed": 0, "same": 0}
    assert tally("--again", "--dry-run", table) == {"new": 0, "changed": 1, "same": 23}
    assert tally("--again", table) == {"new": 0, "changed": 1, "same": 23}
    assert tally("--again", table) == {"new": 0, "changed": 0, "same": 24}


def test_what_came_first_by_again_is_known_without_it(
    typed: Typed, home: Path, table: Path, mapping: Path, tmp_path: Path
) -> None:
    words = ["import", "--home", home, "--mapping", mapping, "--json"]
    corrected = tmp_path / "corrected.csv"
    corrected.write_text(table.read_text().replace(",5.5", ",9.5"))
    for file in ("--again", table), (corrected,):
        assert typed(*words, *file).exit_code == 0
    assert json.loads(typed(*words, table).stdout)[0]["readings"] == {"new": 0, "changed": 0, "same": 0}


def test_who_sends_what_only_leniency_reads_is_told_of_it(typed: Typed, home: Path, tmp_path: Path) -> None:
    feed = tmp_path / "feed.xml"
    feed.write_bytes(Feed().day(0).xml().replace(b"<value>", b"<worth>1</worth><value>", 1))
    told = typed("import", "--home", home, feed)
    assert told.exit_code == 1
    assert "With --lenient such content is read, and reported: Skipped." in told.output
    assert typed("import", "--home", home, "--lenient", feed).exit_code == 0
    feed.write_text("<!DOCTYPE feed [<!ENTITY x 'y'>]><feed xmlns='http://www.w3.org/2005/Atom'/>")
    assert "--lenient" not in typed("import", "--home", home, feed).output


def test_records_and_green_button_are_taken_once_more_too(typed: Typed, home: Path, tmp_path: Path) -> None:
    customers, feed = tmp_path / "customers.csv", tmp_path / "feed.xml"
    customers.write_text(typed("import", "--template", "customers").stdout)
    feed.write_bytes(Feed().day(0).xml())
    for file in (customers, feed):
        assert typed("import", "--home", home, file).exit_code == 0
        assert "taken in before" in typed("import", "--home", home, file).output
        told = typed("import", "--home", home, "--again", file)
        assert told.exit_code == 0
        assert "taken in before" not in told.output


def test_a_folder_of_tables_is_taken_in_the_order_in_which_they_refer_to_each_other(
    typed: Typed, home: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "night"
    folder.mkdir()
    for kind in BY_NAME:
        (folder / f"{kind}.csv").write_text(typed("import", "--template", kind).stdout)
    told = typed("import", "--home", home, "--json", folder)
    assert [(one["kind"], one["refused"]) for one in json.loads(told.stdout)] == [(kind, None) for kind in BY_NAME]


def test_several_arguments_are_taken_in_the_order_in_which_they_refer_to_each_other(
    home: Path, typed: Typed, table: Path, mapping: Path, tmp_path: Path
) -> None:
    kinds = ("bills", "agreements", "meters", "accounts", "customers")
    for kind in kinds:
        (tmp_path / f"{kind}.csv").write_text(typed("import", "--template", kind).stdout)
    folder = tmp_path / "rest"
    folder.mkdir()
    for kind in kinds[2:]:
        (tmp_path / f"{kind}.csv").rename(folder / f"{kind}.csv")
    (tmp_path / "empty").mkdir()
    paths = [tmp_path / "bills.csv", tmp_path / "none.csv", table, "-", tmp_path / "empty", tmp_path / "agreements.csv"]
    words = ["import", "--home", home, "--mapping", mapping, "--json", *paths, folder]
    told = CliRunner().invoke(commands.app, list(map(str, words)), input=TABLE.replace("03-08", "03-09"))
    names = ["customers.csv", "accounts.csv", "agreements.csv", "meters.csv"]
    names += ["none.csv", "readings.csv", "standard input", "empty", "bills.csv"]
    assert [one["name"] for one in json.loads(told.stdout)] == names
    assert [one["name"] for one in json.loads(told.stdout) if one["refused"]] == ["none.csv", "empty"]


def test_of_files_that_are_tried_together_it_is_said_that_none_finds_another(
    typed: Typed, home: Path, tmp_path: Path
) -> None:
    files = [tmp_path / f"{kind}.csv" for kind in ("customers", "accounts")]
    for file in files:
        file.write_text(typed("import", "--template", file.stem).stdout)
    said = "Each was tried by itself, and found nothing of what another one brings."
    assert said in typed("import", "--home", home, "--dry-run", *files).stderr
    assert said not in typed("import", "--home", home, "--dry-run", files[0]).stderr
    assert said not in typed("import", "--home", home, *files).stderr


def test_nothing_of_a_file_is_a_command_to_the_terminal(
    typed: Typed, home: Path, mapping: Path, tmp_path: Path
) -> None:
    file = tmp_path / "odd.csv"
    text = TABLE.replace("Usage (kWh)", "Usage (kWh),Rem\x1b[5mark").replace(".5\n", '.5,"\x1b[2J\nand\tmore"\n')
    file.write_text(text)
    told = typed("import", "--home", home, "--mapping", mapping, "--dry-run", file)
    assert told.exit_code == 0
    assert "\x1b" not in told.output
    assert "not read: Rem�[5mark" in told.output
    assert 'row 2: 5390000001,2024-03-08 00:00,0.5,"�[2J and more" → 5390000001' in told.output
    assert "\x1b" not in typed("import", "--home", home, "--explain", file).output


def test_what_is_no_table_at_all_does_not_pass_for_an_empty_one(typed: Typed, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "answer.csv"
    file.write_text('{"error": "no data", "code": 7}\n')
    assert typed("import", "--home", home, file).exit_code == 1
    file.write_text("SP_ID,Start Time,Usage (kWh)\n")
    assert typed("import", "--home", home, file).exit_code == 0


def test_of_a_folder_what_is_not_whole_by_its_name_is_not_taken(
    typed: Typed, home: Path, table: Path, mapping: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "night"
    folder.mkdir()
    half = folder / "half.csv.part"
    half.write_text(table.read_text())
    told = typed("import", "--home", home, "--mapping", mapping, folder)
    assert told.exit_code == 1
    assert "By its name it is not whole yet" in told.output
    assert typed("import", "--home", home, "--mapping", mapping, half).exit_code == 0


def test_bad_rows_are_set_aside_by_command(
    typed: Typed, home: Path, table: Path, mapping: Path, tmp_path: Path
) -> None:
    table.write_text(TABLE.replace(",7.5", ",x"))
    refused = typed("import", "--home", home, "--mapping", mapping, table)
    assert refused.exit_code == 1
    assert "row 9, Usage (kWh): “x” is no number. (rows)" in " ".join(refused.output.split())
    aside = tmp_path / "bad.csv"
    told = typed("import", "--home", home, "--mapping", mapping, "--set-aside", aside, table)
    assert told.exit_code == 0
    assert "rows: 23 read, 1 set aside" in told.output or "1 set aside" in told.output
    assert "channel 1 (delivered kWh): 23 new, 0 corrected, 0 as before, 1 row refused" in told.output
    assert aside.read_text().splitlines()[1].startswith("9,Usage (kWh),")


def test_kinds_have_templates_and_may_be_said(typed: Typed, home: Path, tmp_path: Path) -> None:
    assert set(importing.TABLES) == {"readings", *BY_NAME}
    file = tmp_path / "customers.csv"
    file.write_text(typed("import", "--template", "customers").stdout)
    assert "2 new" in typed("import", "--home", home, "--kind", "customers", file).output
    assert typed("import", "--template", "readings").exit_code == 2
    assert typed("import", "--home", home, "--kind", "people", file).exit_code == 2
    assert typed("import", "--home", home).exit_code == 2


def test_a_mapping_that_cannot_be_used_is_one_line(typed: Typed, home: Path, table: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("[time]\nzoen = 'UTC'\n")
    told = typed("import", "--home", home, "--mapping", bad, table)
    assert told.exit_code == 1
    keys = "format, zone, stamp, midnight, ambiguous, first, second, missing, future"
    assert told.stderr == f"bad.toml: time.zoen: there is no such key; there are {keys}\n"


def test_answers_are_asked_until_they_fit() -> None:
    said = iter(["Mars", "local"])
    asked = Question(key="time.zone", sentence="Which clock?", choices=("local",), likely="local")
    assert answered(Mapping(), asked, lambda *_, **__: next(said)).time.zone == "local"
    assert value_of("flow.delivered", "D, 1") == ["D", "1"]
    assert value_of("interval.length", "900") == 900
    assert value_of("quality.E", "8 estimated") == 8
    assert value_of("interval.length", "day") == "day"


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_guess_is_taken_when_it_is_confirmed(monkeypatch: pytest.MonkeyPatch, confirmed: bool) -> None:
    monkeypatch.setattr(typer, "prompt", lambda *_, **__: "delivered")
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: confirmed)
    asked = Question(key="flow.all", sentence="Which way?")
    wanted = asking.ask(Report(name="a.csv", mapping=Mapping(), questions=(asked,)), Wanted(confirm=True))
    assert (wanted is not None) is confirmed
    if wanted is not None:
        assert wanted.mapping is not None
        assert (wanted.mapping.flow.all, wanted.confirm) == ("delivered", False)


def test_what_is_missing_or_misspelt_on_the_command_line_is_named(typed: Typed, home: Path, table: Path) -> None:
    nothing = typed("import", "--home", home)
    slip = typed("import", "--home", home, "--kind", "acounts", table)
    assert (nothing.exit_code, slip.exit_code) == (2, 2)
    assert "Name files or folders, or - for standard input." in " ".join(nothing.output.replace("│", " ").split())
    assert "'acounts' is none of readings, customers," in " ".join(slip.output.replace("│", " ").split())
