"""What the writer writes, the reader reads: the same values, and not a word about them."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.espi.strategies import entries, feeds, values
from wattshare.espi.fields import CUSTOMER, ELEMENTS, Element
from wattshare.espi.profile import PGE, STANDARD, Profile
from wattshare.espi.wire import DeviationCode, entry, feed_head, feed_tail, read, write

PROFILES = [PGE, STANDARD]
# the ids that strategies make are bare, as PG&E's are
EXPECTED = {DeviationCode.ID_WITHOUT_URN}
CASES = [
    pytest.param(profile, one, id=f"{profile.name}-{one.name}-{one.namespace.rsplit('/', 1)[-1]}")
    for profile in PROFILES
    for one in ELEMENTS.values()
    if profile.schema.has(one.since)
]
some = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.mark.parametrize(("profile", "kind"), CASES)
@some
@given(data=st.data())
def test_an_object_alone_comes_back(profile: Profile, kind: Element, data: st.DataObject) -> None:
    resource = data.draw(values(kind.kind, profile.schema))
    document = read(write(resource, profile))
    assert document.root == resource
    assert document.deviations == ()


@pytest.mark.parametrize(("profile", "kind"), CASES)
@some
@given(data=st.data())
def test_an_entry_comes_back(profile: Profile, kind: Element, data: st.DataObject) -> None:
    drawn = data.draw(entries(values(kind.kind, profile.schema)))
    document = read(write(drawn, profile))
    assert document.root == drawn
    assert {deviation.code for deviation in document.deviations} <= EXPECTED


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
@pytest.mark.parametrize("customer", [False, True])
@settings(some, max_examples=25)
@given(data=st.data())
def test_a_feed_comes_back(profile: Profile, customer: bool, data: st.DataObject) -> None:
    kinds = [
        one.kind
        for one in ELEMENTS.values()
        if (one.namespace == CUSTOMER) == customer and profile.schema.has(one.since)
    ]
    content: st.SearchStrategy[Any] = st.sampled_from(kinds).flatmap(lambda kind: values(kind, profile.schema))
    drawn = data.draw(feeds(content))
    whole = write(drawn, profile)
    parts = b"".join(entry(one, profile, customer=customer) for one in drawn.entries)
    for document in (whole, feed_head(drawn, profile, customer=customer) + parts + feed_tail(profile)):
        found = read(document)
        assert found.root == drawn
        assert {deviation.code for deviation in found.deviations} <= EXPECTED
