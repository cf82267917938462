"""Which bytes of a file Range and If-Range ask for."""

import pytest

from wattshare.custodian.web.errors import NotInFile, OtherVersion
from wattshare.custodian.web.ranges import Stretch, insist, stretch

TAG = '"p.1"'


@pytest.mark.parametrize(
    ("asked", "condition", "found"),
    [
        (None, None, None),
        ("bytes=0-", None, (0, 99)),
        ("bytes=0-0", None, (0, 0)),
        ("bytes=10-19", None, (10, 19)),
        ("bytes=90-1000", None, (90, 99)),
        ("Bytes=99-", None, (99, 99)),
        ("bytes=-1", None, (99, 99)),
        ("bytes=-1000", None, (0, 99)),
        ("bytes=10-19", TAG, (10, 19)),
        # another representation, and what names none
        ("bytes=10-19", '"p.2"', None),
        ("bytes=10-19", '"p.1.gz"', None),
        ("bytes=10-19", f"W/{TAG}", None),
        ("bytes=10-19", "Wed, 13 Mar 2024 12:00:00 GMT", None),
        # no stretch, or more than one
        ("bytes=19-10", None, None),
        ("bytes=0-1,5-6", None, None),
        ("bytes=-", None, None),
        ("bytes=a-b", None, None),
        ("items=0-1", None, None),
        ("bytes=90-" + "9" * 40, None, (90, 99)),
    ],
)
def test_the_bytes_that_are_asked_for(asked: str | None, condition: str | None, found: tuple[int, int] | None) -> None:
    assert stretch(asked, condition, etag=TAG, size=100) == (found and Stretch(*found))


@pytest.mark.parametrize(
    ("asked", "size"),
    [("bytes=100-", 100), ("bytes=-0", 100), ("bytes=0-", 0), ("bytes=-5", 0), (f"bytes={'9' * 40}-", 100)],
)
def test_what_begins_behind_the_end_is_refused_with_the_size(asked: str, size: int) -> None:
    with pytest.raises(NotInFile) as refused:
        stretch(asked, None, etag=TAG, size=size)
    assert refused.value.size == size


def test_a_stretch_says_where_it_is() -> None:
    assert (Stretch(10, 19).count, Stretch(10, 19).of(100)) == (10, "bytes 10-19/100")


@pytest.mark.parametrize("condition", [None, "*", TAG, f'"p.0", {TAG}'])
def test_the_version_that_is_insisted_on_is_sent(condition: str | None) -> None:
    insist(condition, etag=TAG)


@pytest.mark.parametrize("condition", ['"p.2"', f"W/{TAG}", "p.1", ""])
def test_another_version_than_the_one_insisted_on_is_not_sent(condition: str) -> None:
    with pytest.raises(OtherVersion):
        insist(condition, etag=TAG)
