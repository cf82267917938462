"""The languages of the customer's pages: their catalogues, and how the words are to be."""

import re
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from docs import catalogues

from wattshare.custodian.services.tongues import OURS, Tongues, preferred
from wattshare.custodian.settings import BadSettings

PLACE = re.compile(r"%\((\w+)\)s")
# what customers never read: our words for things
NEVER = re.compile(
    r"\b(?:grant\w*|scope\w*|tokens?|third[- ]part\w+|authori[sz]ation\w*|usage points?|meter readings?|consent\w*"
    r"|custodian|interval blocks?|OAuth|API)\b",
    re.IGNORECASE,
)
GUILT = re.compile(r"\b(?:sure|miss out|lose|losing|sorry to|unfortunately|don’t want)\b", re.IGNORECASE)
VOWELS = re.compile(r"[aeiouy]+")


@cache
def known() -> Catalog:
    """Every text of the pages, in English."""
    return catalogues.texts()


def forms(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """A text, or its forms."""
    return (text,) if isinstance(text, str) else tuple(text)


def english() -> list[str]:
    """Every English text."""
    return [text for message in known() if message.id for text in forms(message.id)]


def syllables(word: str) -> int:
    """How many syllables an English word has, about."""
    found = len(VOWELS.findall(word))
    silent = word.endswith("e") and not word.endswith(("le", "ee")) and found > 1
    return max(1, found - silent)


def grade(texts: list[str]) -> float:
    """The school year in which one reads this: Flesch and Kincaid's formula."""
    sentences = [part for text in texts for part in re.split(r"[.:;!?]", text) if re.search("[a-z]", part)]
    words = [word.lower() for part in sentences for word in re.findall(r"[A-Za-z’]+", part)]
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


@pytest.mark.parametrize("file", sorted(OURS.glob("*.po")), ids=lambda file: file.stem)
def test_every_text_has_its_translation_with_the_same_places(file: Path) -> None:
    catalogue: Catalog = catalogues.read(file)
    assert catalogues.missing(catalogue, known()) == []
    for message in catalogue:
        if message.id:
            assert places(message.string) == places(message.id), message.id


def test_what_a_template_has_the_tongue_say_is_looked_for() -> None:
    assert "Act for %(name)s" in known()
    assert known()["%(count)s address"].id == ("%(count)s address", "%(count)s addresses")


def test_no_language_speaks_another() -> None:
    spanish, french = (catalogues.read(OURS / f"{name}.po") for name in ("es", "fr"))
    alike = [
        text
        for message in spanish
        if message.id and (other := french.get(forms(message.id)[0])) is not None
        for text, same in zip(forms(message.string or ""), forms(other.string or ""), strict=False)
        if text == same and re.search(r"[a-z]{3}", PLACE.sub("", text))
    ]
    assert alike == []


def places(texts: str | tuple[str, ...] | list[str] | None) -> set[str]:
    """What is filled into a text; a single one may go without its count."""
    return {name for text in forms(texts or ()) for name in PLACE.findall(text)} - {"count"}


def test_customers_never_read_our_words_for_things() -> None:
    assert [text for text in english() if NEVER.search(PLACE.sub("", text))] == []


def test_nobody_is_made_to_feel_guilty() -> None:
    assert [text for text in english() if GUILT.search(PLACE.sub("", text))] == []


def test_the_pages_are_easy_to_read() -> None:
    plain = [PLACE.sub("Acme", text) for text in english()]
    assert grade(plain) <= 8
    assert [text for text in plain if len(text.split()) > 12 and grade([text]) > 8] == []


def test_the_measure_of_reading_tells_easy_from_hard() -> None:
    assert grade(["The cat sat on the mat. It was warm."]) < 2
    assert grade(["The aforementioned authorization necessitates organizational consideration."]) > 12


@pytest.mark.parametrize(
    ("chosen", "accepted", "code"),
    [
        (None, "", "en"),
        (None, "es-MX,es;q=0.9,en;q=0.5", "es"),
        (None, "de, fr;q=0.3", "fr"),
        (None, "en;q=0.1, fr;q=0.9", "fr"),
        (None, "zz;q=x,,;", "en"),
        ("fr", "es", "fr"),
        ("xx", "es", "es"),
    ],
)
def test_the_language_is_the_chosen_one_or_the_browsers(chosen: str | None, accepted: str, code: str) -> None:
    assert Tongues.of().wanted(chosen, accepted).code == code


def test_what_a_browser_will_not_have_is_not_wanted() -> None:
    assert preferred("en;q=0, fr;q=0.5, es") == ["es", "fr"]


def test_each_language_writes_days_and_amounts_its_own_way() -> None:
    said = {
        tongue.code: (tongue.day(date(2027, 5, 31)), tongue.money(23_364_000, 840).replace("\xa0", " "))
        for tongue in Tongues.of().every
    }
    assert said == {
        "en": ("May 31, 2027", "$233.64"),
        "es": ("31 de mayo de 2027", "$233.64"),
        "fr": ("31 mai 2027", "233,64 $US"),
    }


def test_a_fourth_language_comes_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "de.po").write_text(
        'msgid ""\nmsgstr ""\n"Language: de\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "Share"\nmsgstr "Teilen"\n',
        encoding="utf-8",
    )
    tongues = Tongues.of(tmp_path)
    assert [tongue.name for tongue in tongues.every] == ["English", "Español", "Français", "Deutsch"]
    german = tongues.wanted("de", "")
    # what it does not have stays English
    assert (german.say("Share"), german.say("Sign out")) == ("Teilen", "Sign out")
    assert german.day(date(2027, 5, 31)) == "31. Mai 2027"


def test_a_catalogue_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"no <language>\.po"):
        Tongues.of(tmp_path)
    (tmp_path / "xx-none.po").write_text('msgid "Share\n', encoding="utf-8")
    with pytest.raises(BadSettings, match=r"xx-none\.po cannot be read"):
        Tongues.of(tmp_path)
