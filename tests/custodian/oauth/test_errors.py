"""RFC 6749 §5.2: the words of refusals."""

import re

import pytest

from wattshare.custodian.oauth import errors
from wattshare.custodian.oauth.errors import InvalidRequest, OAuthRefusal

# OAuthError of the utility's schema
WORDS = {
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "access_denied",
    "unsupported_response_type",
}
KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, OAuthRefusal) and kind is not errors.Replayed
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_refusal_has_a_word_of_the_schema_and_a_sentence(kind: type[OAuthRefusal]) -> None:
    refusal = kind()
    assert refusal.code in WORDS
    assert re.fullmatch(r"[\x20\x21\x23-\x5b\x5d-\x7e]+", refusal.told)


def test_a_description_keeps_to_the_characters_of_the_rfc() -> None:
    assert InvalidRequest('a "quote"\r\nü').told == "a 'quote''''"
