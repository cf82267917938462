"""Reading the parameters of an OAuth request. RFC 6749 §3.1, §3.2."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from wattshare.custodian.oauth.errors import InvalidRequest, UnsupportedGrantType

# names and values in the order they came
Pairs = Sequence[tuple[str, str]]
# without repetitions and without empty values
Parameters = Mapping[str, str]

AUTHORIZATION_CODE = "authorization_code"
REFRESH_TOKEN = "refresh_token"  # noqa: S105 - the name of a grant type
CLIENT_CREDENTIALS = "client_credentials"
# each with the parameters that it cannot do without
GRANT_TYPES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        AUTHORIZATION_CODE: ("code", "redirect_uri"),
        REFRESH_TOKEN: ("refresh_token",),
        CLIENT_CREDENTIALS: (),
    }
)

# what a token, revocation or introspection request is made of
KNOWN = frozenset(
    {
        "grant_type",
        "code",
        "redirect_uri",
        "code_verifier",
        "refresh_token",
        "scope",
        "client_id",
        "client_secret",
        "token",
        "token_type_hint",
    }
)
# never in a URL, where logs and histories keep it. RFC 6749 §2.3.1
SECRET = "client_secret"  # noqa: S105 - the name of a parameter


def once(pairs: Iterable[tuple[str, str]]) -> Parameters:
    """Each parameter's one value; those without a value count as left out.

    Raises:
        InvalidRequest: a name is there twice.
    """
    taken = tuple(pairs)
    counts = Counter(name for name, _ in taken)
    for name, count in counts.items():
        if count > 1:
            raise InvalidRequest(f"{shown(name)} is there more than once.", field=shown(name))
    return MappingProxyType({name: value for name, value in taken if value})


def read_posted(query: Pairs, form: Pairs) -> Parameters:
    """The parameters of a POST: all in the query string or all in the body, as clients have it both ways.

    Raises:
        InvalidRequest: a name is there twice, some are here and some there, or the secret is in the query.
    """
    if any(name == SECRET for name, _ in query):
        raise InvalidRequest("client_secret must not be in the URL.", field=SECRET)
    parameters = once((*query, *form))
    if _known(query) and _known(form):
        raise InvalidRequest("Parameters in both query string and body.")
    return parameters


def grant_type(parameters: Parameters) -> str:
    """The grant type of a token request that has all that it needs.

    Raises:
        InvalidRequest: it is missing, or a parameter that it cannot do without.
        UnsupportedGrantType: it is none of ours.
    """
    asked = parameters.get("grant_type")
    if asked is None:
        raise InvalidRequest("Missing grant_type", field="grant_type")
    if asked not in GRANT_TYPES:
        raise UnsupportedGrantType(field="grant_type")
    for name in GRANT_TYPES[asked]:
        if name not in parameters:
            raise InvalidRequest(f"{name} is missing.", field=name)
    return asked


def _known(pairs: Pairs) -> frozenset[str]:
    return KNOWN & {name for name, value in pairs if value}


def shown(name: str) -> str:
    """A parameter's name as an error may repeat it."""
    return "".join(c for c in name[:40] if c.isalnum() or c in "_-.") or "A parameter"
