"""Scope strings, read and printed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshare.espi.function_blocks import ELECTRICITY, GAS
from wattshare.espi.kinds import ALL_KINDS, Kind
from wattshare.espi.profile import PGE, STANDARD
from wattshare.espi.scope import Scope, ScopeTooLong, authorization_bounds, grant, registered
from wattshare.espi.scope_terms import Term
from wattshare.espi.window import LATEST

ALWAYS = "1_3_8_13_14_18_19_31_32_35_37_38_39_40"
TAIL = (
    "IntervalDuration=900_3600;BlockDuration=Daily;HistoryLength=126144000;"
    "AccountCollection=2;BR=50123;dataCustodianId=PGE"
)

# kinds, services, function blocks beyond those that all have
GRANTS = [
    ({Kind.USAGE}, {ELECTRICITY}, "4_5_15"),
    ({Kind.USAGE}, {GAS}, "4_10_15"),
    ({Kind.USAGE}, {ELECTRICITY, GAS}, "4_5_10_15"),
    ({Kind.BILLING}, {ELECTRICITY}, "15_16"),
    ({Kind.BILLING}, {GAS}, "10_15_16"),
    ({Kind.USAGE, Kind.BILLING}, {ELECTRICITY, GAS}, "4_5_10_15_16"),
    ({Kind.BASIC}, {ELECTRICITY}, "46_47"),
    ({Kind.ACCOUNT}, {ELECTRICITY}, "46_47"),
    ({Kind.PROGRAM_ENROLLMENT}, {ELECTRICITY}, "46_47"),
    (ALL_KINDS, {ELECTRICITY, GAS}, "4_5_10_15_16_46_47"),
]

# where reading took the square of the length, the suite's timeout would tell
LONG = 200_000

KNOWN = st.sampled_from(
    [
        "FB",
        "fb",
        "AdditionalScope",
        "intervalduration",
        "HistoryLength",
        "SubscriptionFrequency",
        "BR",
        "Foo",
        "",
        "é",
    ]
)
VALUES = st.text("0123456789_,; +=ABUsageBilling\t-é", max_size=12)
TEXTS = st.text() | st.lists(st.tuples(KNOWN, st.sampled_from(["=", " = ", ""]), VALUES)).map(
    lambda terms: ";".join("".join(term) for term in terms)
)


def _granted(kinds: frozenset[Kind] | set[Kind], services: set[int]) -> str:
    scope = grant(kinds, services, history_seconds=126_144_000, accounts=2, third_party_id=50123, profile=PGE)
    return scope.write()


@pytest.mark.parametrize(("kinds", "services", "blocks"), GRANTS)
def test_what_is_shared_decides_the_function_blocks(kinds: set[Kind], services: set[int], blocks: str) -> None:
    assert _granted(kinds, services).partition(";")[0] == f"FB={ALWAYS}_{blocks}"


def test_usage_of_electricity_alone_is_printed_so() -> None:
    assert _granted({Kind.USAGE}, {ELECTRICITY}) == f"FB={ALWAYS}_4_5_15;AdditionalScope=Usage;{TAIL}"


def test_everything_is_printed_so_and_fits() -> None:
    printed = _granted(ALL_KINDS, {ELECTRICITY, GAS})
    kinds = "AdditionalScope=Usage_Billing_Basic_Account_ProgramEnrollment"
    assert printed == f"FB={ALWAYS}_4_5_10_15_16_46_47;{kinds};{TAIL}"
    assert len(printed) <= 256


def test_a_scope_beyond_256_characters_is_not_printed() -> None:
    scope = Scope(terms=(Term(name="x", value="y" * 254),))
    assert len(scope.write()) == 256
    with pytest.raises(ScopeTooLong, match="257"):
        Scope(terms=(Term(name="x", value="y" * 255),)).write()


def test_an_offline_authorization_has_its_block_once() -> None:
    scope = grant({Kind.USAGE}, {GAS}, history_seconds=1, accounts=1, third_party_id=1, profile=PGE, offline=True)
    assert scope.function_blocks.count(40) == 1


def test_the_custodian_in_a_scope_is_the_profiles() -> None:
    scope = grant({Kind.USAGE}, {GAS}, history_seconds=1, accounts=1, third_party_id=1, profile=STANDARD)
    assert scope.value("dataCustodianId") == STANDARD.data_custodian_id


def test_a_registrations_scope_counts_no_accounts() -> None:
    scope = registered({Kind.USAGE}, history_seconds=126_144_000, third_party_id=50123, profile=PGE)
    tail = TAIL.replace("AccountCollection=2;", "")
    assert scope.write() == f"FB={ALWAYS}_4_5_10_15;AdditionalScope=Usage;{tail}"


@given(
    st.sets(st.sampled_from(list(Kind)), min_size=1),
    st.sets(st.integers(0, 9)),
    st.integers(0, 2**32 - 1),
    st.integers(1, 10**6),
    st.integers(50001, 99999),
)
def test_a_granted_scope_says_what_was_granted(
    kinds: set[Kind], services: set[int], history: int, accounts: int, third_party_id: int
) -> None:
    scope = grant(
        kinds,
        services,
        history_seconds=history,
        accounts=accounts,
        third_party_id=third_party_id,
        profile=PGE,
    )
    again = Scope.read(scope.write())
    assert again == scope
    assert again.kinds == kinds
    found = (again.history_seconds, again.accounts, again.third_party_id)
    assert found == (history, accounts, third_party_id)


@given(TEXTS)
def test_any_text_is_read_and_what_is_printed_reads_the_same(text: str) -> None:
    scope = Scope.read(text)
    try:
        printed = scope.write()
    except ScopeTooLong:
        return
    assert Scope.read(printed) == scope
    assert Scope.read(printed).write() == printed


def test_a_string_of_2015_is_read() -> None:
    scope = Scope.read(
        "FB=1_3_4_5_8_13_14_15_18_19_31_32_35_37_38_39_40;IntervalDuration=900_3600;BlockDuration=Daily;"
        "HistoryLength=63072000;SubscriptionFrequency=Daily;AccountCollection=1;"
    )
    assert scope.write() == (
        f"FB={ALWAYS}_4_5_15;IntervalDuration=900_3600;BlockDuration=Daily;"
        "HistoryLength=63072000;SubscriptionFrequency=Daily;AccountCollection=1"
    )
    assert scope.kinds == {Kind.USAGE}


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("", ""),
        (" ; ;", ""),
        ("fb=1_3", "FB=1_3"),
        ("FB = 3 , 1", "FB=1_3"),
        ("FB=1+3", "FB=1_3"),
        ("FB=01_3_3;FB=4", "FB=1_3_4"),
        ("FB=1_x_99999_3", "FB=1_3"),
        ("FB=777", "FB=777"),
        ("FB=", ""),
        ("blockduration=daily", "BlockDuration=daily"),
        ("BR=1 FB=4", "FB=4;BR=1"),
        ("FB=1,AdditionalScope=billing,Usage", "FB=1;AdditionalScope=Usage_Billing"),
        ("AdditionalScope=Weather_usage", "AdditionalScope=Usage_Weather"),
        ("HistoryLength=1;HistoryLength=2", "HistoryLength=1"),
        ("Zoo=1;FB=4;Ant=2;Zoo=1", "FB=4;Zoo=1;Ant=2;Zoo=1"),
        ("1_3_4", "1_3_4"),
        ("FB", "FB"),
        ("a=b=c", "a=b=c"),
    ],
)
def test_odd_strings_are_read_and_printed_in_order(text: str, printed: str) -> None:
    assert Scope.read(text).write() == printed


@pytest.mark.parametrize(
    "text",
    [" " * LONG, "," * LONG, "a" * LONG, " a" * LONG, "a =" * LONG, ";" * LONG, "FB=" + "x_" * LONG],
    ids=["blanks", "commas", "letters", "words", "names", "terms", "items"],
)
def test_a_string_of_any_length_is_read_to_its_end(text: str) -> None:
    assert not Scope.read(text).kinds


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("FB=1_3", set()),
        ("FB=4_5", {Kind.USAGE}),
        ("FB=4_16", {Kind.USAGE, Kind.BILLING}),
        ("FB=46", {Kind.BASIC, Kind.ACCOUNT}),
        ("FB=4;AdditionalScope=Billing", {Kind.BILLING}),
    ],
)
def test_kinds_are_those_named_or_else_implied(text: str, kinds: set[Kind]) -> None:
    assert Scope.read(text).kinds == kinds


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("", (None, None)),
        ("FB=1_3;HistoryLength=13", (None, None)),
        ("38475", (None, None)),
        ("MinAuthEndDate=1900000000;PreferredAuthEndDate=2000000000", (1900000000, 2000000000)),
        ("preferredauthenddate=2000000000", (None, 2000000000)),
        ("MinAuthEndDate=5;PreferredAuthEndDate=5", (5, 5)),
        ("MinAuthEndDate=-5", (0, None)),
        ("PreferredAuthEndDate=9223372036854775807", (None, LATEST)),
    ],
)
def test_the_bounds_of_an_end_are_read(text: str, bounds: tuple[int | None, int | None]) -> None:
    assert authorization_bounds(text) == bounds


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("MinAuthEndDate=", "MinAuthEndDate"),
        ("MinAuthEndDate", "MinAuthEndDate"),
        ("MinAuthEndDate=tomorrow", "MinAuthEndDate"),
        ("PreferredAuthEndDate=1.5", "PreferredAuthEndDate"),
        ("PreferredAuthEndDate=9223372036854775808", "PreferredAuthEndDate"),
        ("PreferredAuthEndDate=" + "9" * 400, "PreferredAuthEndDate"),
        ("MinAuthEndDate=1;MinAuthEndDate=2", "MinAuthEndDate"),
        ("MinAuthEndDate=2;PreferredAuthEndDate=1", "PreferredAuthEndDate"),
        ("MinAuthEndDate=١", "MinAuthEndDate"),
    ],
)
def test_bounds_that_make_no_sense_are_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        authorization_bounds(text)
