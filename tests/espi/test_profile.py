"""The two profiles."""

import pytest

from wattshare.espi.fields import SchemaSet
from wattshare.espi.function_blocks import FUNCTION_BLOCKS, GRANTED_FOR
from wattshare.espi.profile import PGE, PROFILES, STANDARD, Metering, Profile

BOTH = pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)


def test_there_are_two_profiles_and_no_others() -> None:
    assert PROFILES == {"PGE": PGE, "STANDARD": STANDARD}


@BOTH
def test_every_resource_is_below_the_place_where_test_harnesses_cut(profile: Profile) -> None:
    assert profile.resource_root.endswith("/espi/1_1/resource")


@BOTH
def test_roots_start_with_a_slash_and_do_not_end_with_one(profile: Profile) -> None:
    roots = (profile.resource_root, profile.oauth_root, profile.test_oauth_root, profile.legacy_authorize)
    assert all(root.startswith("/") and not root.endswith("/") for root in roots)


@BOTH
def test_each_block_of_a_profile_is_known_and_stands_once(profile: Profile) -> None:
    assert set(profile.function_blocks) <= set(FUNCTION_BLOCKS)
    assert len(set(profile.function_blocks)) == len(profile.function_blocks)


@BOTH
def test_each_block_that_depends_on_what_is_shared_has_its_rule(profile: Profile) -> None:
    assert set(profile.shared_blocks) <= set(GRANTED_FOR)


@BOTH
def test_the_zone_is_one(profile: Profile) -> None:
    assert profile.zone.key == profile.time_zone


@pytest.mark.parametrize(
    "known",
    [
        Metering(
            service_kind=0,
            commodity=1,
            uom=72,
            kind=12,
            time_attribute=0,
            power_of_ten_multiplier=-3,
            phase=769,
        ),
        Metering(
            service_kind=1,
            commodity=7,
            uom=169,
            kind=12,
            time_attribute=11,
            power_of_ten_multiplier=-8,
            day_offset=1,
        ),
    ],
    ids=["electricity", "gas"],
)
def test_intervals_are_told_as_the_utility_tells_them(known: Metering) -> None:
    assert PGE.metering(known.service_kind) == known


def test_a_service_without_a_manner_has_none() -> None:
    assert PGE.metering(2) is None


@pytest.mark.parametrize(
    ("field", "pge", "standard"),
    [
        ("schema", SchemaSet.PGE_2018, SchemaSet.ESPI_4_0),
        ("urn_ids", False, True),
        ("prefixed", True, False),
        ("half_open_windows", False, True),
        ("empty_is_204", True, False),
        ("code_seconds", 600, 300),
        ("client_token_keys", ("client_access_token", "access_token"), ("access_token",)),
        ("token_get_is_405", True, False),
    ],
)
def test_the_profiles_differ_where_it_was_decided(field: str, pge: object, standard: object) -> None:
    assert (getattr(PGE, field), getattr(STANDARD, field)) == (pge, standard)
