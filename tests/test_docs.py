"""The documentation: printed parts are fresh, links lead somewhere, nothing of one machine stands in it."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from docs import pages
from docs.printed import BLOCKS

from wattshare.custodian.app import assemble
from wattshare.custodian.front import Front
from wattshare.custodian.model.clock import system_clock
from wattshare.custodian.settings import Settings
from wattshare.custodian.store import database
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA
from wattshare.espi.endpoints import ENDPOINTS
from wattshare.espi.profile import PGE

ROOT = Path(__file__).resolve().parents[1]
PAGES = (*ROOT.glob("*.md"), *pages.every_page())
DECISIONS = tuple(sorted((pages.DOCS / "adr").glob("*.md")))
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
# what belongs to one machine, one network or one session, and not to the project
FOREIGN = {
    "a folder of one machine": re.compile(r"(?<![\w.~-])/(?:work|tmp|root|home|mnt|var/tmp)/"),
    "the host of a registry": re.compile(
        r"\b(?:pypi\.org|files\.pythonhosted\.org|test\.pypi\.org|proxy\.golang\.org|registry\.npmjs\.org)\b"
    ),
    "a mirror": re.compile(r"\b(?:index-url|extra-index-url|artifactory|nexus)\b"),
    "the number of an issue": re.compile(r"(?<![\w&/(])#\d+\b|\bissue \d+|\bGH-\d+"),
}


def named(page: Path) -> str:
    """A page as a test's id."""
    return str(page.relative_to(ROOT))


every_page = pytest.mark.parametrize("page", PAGES, ids=named)


def test_no_printed_part_is_stale() -> None:
    assert [named(page) for page in pages.stale()] == []


def test_every_printed_part_stands_in_a_page() -> None:
    standing = {name for page in PAGES for name in pages.names(page.read_text(encoding="utf-8"))}
    assert standing == BLOCKS.keys()


def test_a_stale_part_is_found_and_made_anew() -> None:
    text = "By hand.\n\n<!-- printed: endings -->\nwithered\n<!-- end -->\n\nBy hand too.\n"
    fresh = pages.printed(text)
    assert "withered" not in fresh
    assert "`moved_out`" in fresh
    assert fresh.startswith("By hand.\n")
    assert fresh.endswith("By hand too.\n")
    assert pages.printed(fresh) == fresh


@every_page
def test_every_link_leads_to_a_file_that_exists(page: Path) -> None:
    missing = []
    for link in LINK.findall(FENCED.sub("", page.read_text(encoding="utf-8"))):
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, place = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (place and place not in places(target)):
            missing.append(link)
    assert missing == []


def places(page: Path) -> set[str]:
    """The names that headings of a page can be linked by."""
    headings = HEADING.findall(FENCED.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_page
def test_nothing_of_one_machine_stands_in_a_page(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert {what: found[0] for what, pattern in FOREIGN.items() if (found := pattern.search(text))} == {}


@every_page
def test_every_block_of_code_ends(page: Path) -> None:
    assert len(re.findall(r"^```", page.read_text(encoding="utf-8"), re.MULTILINE)) % 2 == 0


def dependencies() -> list[str]:
    """The names of every direct dependency."""
    project = PROJECT["project"]
    groups = [*project["optional-dependencies"].values(), *PROJECT["dependency-groups"].values()]
    every = [*project["dependencies"], *(one for group in groups for one in group if isinstance(one, str))]
    return sorted({re.split(r"[^\w.-]", one)[0] for one in every})


@pytest.mark.parametrize("name", dependencies())
def test_every_dependency_has_its_reason(name: str) -> None:
    assert any(f"`{name}`" in page.read_text(encoding="utf-8") for page in DECISIONS)


@pytest.mark.parametrize("page", DECISIONS, ids=named)
def test_a_decision_says_what_was_chosen(page: Path) -> None:
    headings = HEADING.findall(page.read_text(encoding="utf-8"))
    assert headings[0].startswith(f"{int(page.name[:4])}. ")
    assert headings[-1] == "Choice"


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_the_map_of_personal_data_knows_every_table() -> None:
    assert database.__name__  # importing it declares the tables
    known = (pages.DOCS / "privacy.md").read_text(encoding="utf-8")
    assert [name for name in METADATA.tables if f"`{name}`" not in known] == []


def test_tests_that_pages_name_exist() -> None:
    written = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    there = set(re.findall(r"def (test_\w+)", written))
    told = {name for page in pages.every_page() for name in re.findall(r"`(test_\w+_\w+)`", page.read_text("utf-8"))}
    assert sorted(told - there) == []


@pytest.mark.parametrize(("kind", "count"), [("trap", 21), ("pitfall", 28)])
def test_every_trap_and_pitfall_stands_on_the_page_with_its_own_test(kind: str, count: int) -> None:
    source = (ROOT / "tests" / f"test_{kind}s.py").read_text(encoding="utf-8")
    there = {int(number): name for name, number in re.findall(rf"^def (test_{kind}_(\d+)_\w+)", source, re.MULTILINE)}
    page = (pages.DOCS / "reference" / "choices.md").read_text(encoding="utf-8")
    told = re.findall(rf"^\| (\d+) \|.*\| `(test_{kind}_\w+)` \|$", page, re.MULTILINE)
    assert [(int(number), name) for number, name in told] == sorted(there.items())
    assert len(told) == count


def test_every_row_is_in_the_reference() -> None:
    text = (pages.DOCS / "reference" / "endpoints.md").read_text(encoding="utf-8")
    assert [row.name for row in ENDPOINTS if f"`{row.name}`" not in text] == []
    assert PGE.resource_root in text


def test_every_event_of_the_trail_is_on_the_page() -> None:
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py"))
    written = set(re.findall(r'trail\.write\(\s*"(\w+)"', sources))
    told = (pages.DOCS / "operate.md").read_text(encoding="utf-8")
    assert len(written) > 5
    assert [event for event in sorted(written) if f"`{event}`" not in told] == []


def test_every_address_that_we_add_is_in_the_reference(tmp_path: Path) -> None:
    store = database.Store.connect(f"sqlite:///{tmp_path / 'empty.db'}", Keys.make(tmp_path / "keys.json"))
    house = assemble(Settings(home=tmp_path), store, system_clock)
    text = (pages.DOCS / "reference" / "endpoints.md").read_text(encoding="utf-8")
    paths = {route.path for place in Front(house).application().routes.places for route in place.methods.values()}
    assert [path for path in sorted(paths) if f"`{path}`" not in text] == []
