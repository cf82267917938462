"""Scope strings in words."""

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshare.espi.explain import Explanation, Sentence, explain
from wattshare.espi.kinds import ALL_KINDS, Kind
from wattshare.espi.profile import PGE, STANDARD, Profile
from wattshare.espi.scope import grant


def _terms(sentences: tuple[Sentence, ...]) -> list[str]:
    return [sentence.term for sentence in sentences]


def _usage_only(text: str) -> Explanation:
    return explain(text, profile=PGE, kinds_possible={Kind.USAGE})


def test_what_we_grant_ourselves_is_asked_and_granted_and_nothing_dropped() -> None:
    scope = grant(
        ALL_KINDS,
        {0, 1},
        history_seconds=PGE.history_seconds,
        accounts=1,
        third_party_id=50123,
        profile=PGE,
    )
    explanation = explain(scope.write(), profile=PGE)
    assert explanation.scope == scope.write()
    assert (explanation.dropped, explanation.warnings) == ((), ())
    settled_later = {"AccountCollection=1", "BR=50123"}
    assert set(_terms(explanation.asked)) == set(_terms(explanation.granted)) | settled_later


@pytest.mark.parametrize(
    ("text", "term", "reason"),
    [
        ("FB=4_51", "FB=51", "does not offer"),
        ("FB=4_77", "FB=77", "no function block"),
        ("FB=4_x", "FB=x", "is a number"),
        ("FB=4_16", "FB=16", "Billing, which the third party is not registered for"),
        ("FB=4_16;AdditionalScope=Usage", "FB=16", "Billing, which is not asked for"),
        ("AdditionalScope=Usage_Account", "AdditionalScope=Account", "not registered"),
        ("AdditionalScope=Weather", "AdditionalScope=Weather", "No such kind"),
        ("FB=4;SubscriptionFrequency=Daily", "SubscriptionFrequency=Daily", "at registration"),
        ("FB=4;HistoryLength=86400", "HistoryLength=86400", "at registration"),
        ("FB=4;IntervalDuration=300_900", "IntervalDuration=300_900", "5 minutes"),
        ("FB=4;BlockDuration=monthly", "BlockDuration=monthly", "one local day"),
        ("FB=4;dataCustodianId=Elsewhere", "dataCustodianId=Elsewhere", "is PGE"),
        ("FB=4;Weather=fine", "Weather=fine", "no effect"),
        ("5+6+7", "5+6+7", "FB="),
    ],
)
def test_what_is_dropped_is_named_with_the_reason(text: str, term: str, reason: str) -> None:
    [sentence] = [dropped for dropped in _usage_only(text).dropped if dropped.term == term]
    assert reason in sentence.sentence


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("fb=4", "Read as FB."),
        ("FB=4,5", "Values of FB are joined by an underscore."),
        ("FB=4;FB=5", "FB stands more than once; its lists are joined."),
        ("FB=1_3", "It names no kind of data: what the third party is registered for is offered."),
        (
            "FB=4;HistoryLength=13",
            "HistoryLength counts seconds; 13 of them is less than a day. Months, perhaps?",
        ),
        ("FB=4;Weather=" + "x" * 250, "A scope of ours has at most 256 characters; this one is longer."),
    ],
)
def test_what_is_understood_though_odd_is_a_warning(text: str, warning: str) -> None:
    assert warning in [sentence.sentence for sentence in _usage_only(text).warnings]


@pytest.mark.parametrize(
    ("term", "sentence"),
    [
        ("FB=10", "Gas intervals."),
        ("IntervalDuration=900_3600", "Readings of 15 minutes and 60 minutes."),
        ("IntervalDuration=45_daily", "Readings of 45 seconds and daily."),
        ("BlockDuration=Daily", "Readings come in blocks: daily."),
        ("HistoryLength=126144000", "Data of up to 1460 days back."),
        ("HistoryLength=13", "Data of up to 13 seconds back."),
        ("SubscriptionFrequency=billingPeriod", "New data this often: billingPeriod."),
        ("AccountCollection=1", "Data of 1 service agreement."),
        ("AccountCollection=40", "Data of 40 service agreements."),
        ("BR=50123", "For the third party 50123."),
        ("dataCustodianId=PGE", "From the data custodian PGE."),
        ("MinAuthEndDate=1900000000", "The customer may not choose an end before 2030-03-17."),
        ("PreferredAuthEndDate=1900000000", "2030-03-17 is proposed to the customer as the end."),
        (
            "PreferredAuthEndDate=9223372036854775807",
            "second 9223372036854775807 is proposed to the customer as the end.",
        ),
    ],
)
def test_each_term_is_said_in_words(term: str, sentence: str) -> None:
    assert Sentence(term=term, sentence=sentence) in explain(term, profile=PGE).asked


def test_nothing_asked_is_answered_with_what_is_registered() -> None:
    granted = _terms(_usage_only("").granted)
    assert "AdditionalScope=Usage" in granted
    assert {"FB=1", "FB=40", "FB=4", "FB=15"} <= set(granted)
    assert not {"FB=16", "FB=46", "AdditionalScope=Billing"} & set(granted)


def test_a_registrations_history_is_what_is_granted() -> None:
    explanation = explain("FB=4;HistoryLength=86400", profile=PGE, history_seconds=86400)
    assert "HistoryLength=86400" in _terms(explanation.granted)
    assert explanation.dropped == ()


@given(st.text(), st.sampled_from([PGE, STANDARD]), st.sets(st.sampled_from(list(Kind))))
def test_any_text_is_explained_and_fits_into_json(text: str, profile: Profile, kinds: set[Kind]) -> None:
    explanation = explain(text, profile=profile, kinds_possible=kinds)
    assert json.loads(json.dumps(dataclasses.asdict(explanation)))["scope"] == explanation.scope


@given(st.lists(st.integers(0, 120), unique=True))
def test_every_function_block_asked_is_granted_or_dropped_never_both(blocks: list[int]) -> None:
    explanation = _usage_only("FB=" + "_".join(map(str, blocks)))
    granted = {term for term in _terms(explanation.granted) if term.startswith("FB=")}
    dropped = {term for term in _terms(explanation.dropped) if term.startswith("FB=")}
    assert not granted & dropped
    assert {f"FB={block}" for block in blocks} <= granted | dropped
