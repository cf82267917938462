"""Which coding an Accept-Encoding header is answered with."""

import pytest

from wattshare.custodian.services.disclosure.wirepath.member import Coding
from wattshare.custodian.web.codings import wanted

PLAIN, GZIP, ZSTD = Coding.IDENTITY, Coding.GZIP, Coding.ZSTD


@pytest.mark.parametrize(
    ("header", "coding", "always"),
    [
        ("", PLAIN, False),
        ("gzip", GZIP, False),
        ("x-gzip", GZIP, False),
        ("zstd", ZSTD, False),
        ("gzip, deflate, br, zstd", GZIP, False),
        ("gzip;q=0.5, zstd;q=0.8", ZSTD, False),
        ("zstd, gzip;q=0.9", ZSTD, False),
        ("zstd, gzip;q=0", ZSTD, False),
        ("*", GZIP, False),
        ("*;q=0.1, identity;q=0.2", PLAIN, False),
        ("gzip;q=0, *", PLAIN, False),
        ("zstd;q=0.3, identity", PLAIN, False),
        ("identity;q=0", GZIP, True),
        ("identity;q=0, gzip", GZIP, True),
        ("identity;q=0, zstd", ZSTD, True),
        ("zstd, *;q=0", ZSTD, True),
        ("*;q=0", PLAIN, False),
        ("identity;q=0, *;q=0", PLAIN, False),
        ("identity;q=0, gzip;q=0", PLAIN, False),
        ("gzip;q=2", PLAIN, False),
        ("br", PLAIN, False),
    ],
)
def test_the_best_of_what_is_wanted_and_what_we_have(header: str, coding: Coding, always: bool) -> None:
    assert wanted(header) == (coding, always)


@pytest.mark.parametrize(
    ("header", "coding"), [("zstd", PLAIN), ("zstd, gzip;q=0.1", GZIP), ("zstd, identity;q=0.5, gzip;q=0.1", PLAIN)]
)
def test_where_there_is_gzip_alone_zstd_is_not_looked_at(header: str, coding: Coding) -> None:
    assert wanted(header, (GZIP,)).coding is coding
