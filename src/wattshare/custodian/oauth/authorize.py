"""What becomes of an authorize request. RFC 6749 §4.1.1, §4.1.2; RFC 9207.

Who asks and where the answer goes is settled first: until both are known, the customer gets a page, never a
redirect. After that every refusal goes back to the third party.
"""

from collections import Counter
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from wattshare.custodian.model.parties import ThirdParty
from wattshare.custodian.oauth import pkce
from wattshare.custodian.oauth.client_auth import standings
from wattshare.custodian.oauth.errors import (
    AccessDenied,
    InvalidRequest,
    OAuthRefusal,
    UnsupportedResponseType,
)
from wattshare.custodian.oauth.parameters import Pairs, Parameters, once
from wattshare.custodian.oauth.scopes import within
from wattshare.espi.profile import Profile
from wattshare.espi.scope import authorization_bounds, registered

DAY = 86_400
# it is registered, and may not ask
NOT_NOW = "this app may not ask for data at the moment"
REDIRECT_ERRORS: dict[str, type[OAuthRefusal]] = {kind.code: kind for kind in (InvalidRequest, UnsupportedResponseType)}


@dataclass(frozen=True, kw_only=True)
class AuthorizeRequest:
    """A request that a customer may be asked about."""

    third_party: ThirdParty
    redirect_uri: str
    state: str | None = None
    # as it came
    scope: str = ""
    code_challenge: str | None = None
    # epoch seconds
    min_end: int | None = None
    preferred_end: int | None = None
    # the customer is shown the way in without a login
    guest: bool = False


@dataclass(frozen=True, kw_only=True)
class PageRefusal:
    """Told to whoever is at the browser, who is never sent on."""

    status: int
    # RFC 6749's word
    error: str
    told: str
    field: str | None = None


@dataclass(frozen=True, kw_only=True)
class RedirectRefusal:
    """Told to the third party through the browser."""

    url: str
    error: str
    told: str


def client_id(pairs: Pairs) -> str | None:
    """The client that a request names, to be looked up before it is examined; None if not exactly one."""
    named = [value for name, value in pairs if name == "client_id" and value]
    return named[0] if len(named) == 1 else None


def examine(
    pairs: Pairs,
    third_party: ThirdParty | None,
    profile: Profile,
    *,
    issuer: str,
    now: int,
    test: bool = False,
) -> AuthorizeRequest | PageRefusal | RedirectRefusal:
    """Decide about a request, real or rehearsed. `third_party` is the one that `client_id` names, if any."""
    settled = _settle(pairs, third_party, profile, test=test)
    if isinstance(settled, PageRefusal):
        return settled
    known, redirect_uri = settled
    try:
        return _asked(once(pairs), known, redirect_uri, profile, now)
    except OAuthRefusal as refusal:
        url = refused(redirect_uri, refusal, _only(pairs, "state"), issuer)
        return RedirectRefusal(url=url, error=refusal.code, told=refusal.told)


def granted(redirect_uri: str, code: str, scope: str, state: str | None, issuer: str, *, test: bool = False) -> str:
    """Where the browser goes with a code: the code first, the state last. RFC 6749 §4.1.2.

    The rehearsal's answer names the code twice, as the utility's own page does.
    """
    again = (("authorization_code", code),) if test else ()
    return _redirect(redirect_uri, (("code", code), *again, ("scope", scope), ("iss", issuer)), state)


def refused(redirect_uri: str, refusal: OAuthRefusal, state: str | None, issuer: str) -> str:
    """Where the browser goes with a refusal. RFC 6749 §4.1.2.1."""
    told = (("error", refusal.code), ("error_description", refusal.told), ("iss", issuer))
    return _redirect(redirect_uri, told, state)


def denied(redirect_uri: str, state: str | None, issuer: str) -> str:
    """Where the browser goes when the customer says no."""
    return refused(redirect_uri, AccessDenied(), state, issuer)


def _redirect(redirect_uri: str, pairs: tuple[tuple[str, str], ...], state: str | None) -> str:
    # a query that was registered stays (RFC 6749 §3.1.2); fragments are not registered
    added = [pair for pair in (*pairs, ("state", state or "")) if pair[1]]
    query = urlencode(added, quote_via=quote)
    if "?" not in redirect_uri:
        return f"{redirect_uri}?{query}"
    joint = "" if redirect_uri.endswith(("?", "&")) else "&"
    return f"{redirect_uri}{joint}{query}"


def _settle(
    pairs: Pairs, third_party: ThirdParty | None, profile: Profile, *, test: bool
) -> tuple[ThirdParty, str] | PageRefusal:
    """Who asks and where the answer goes, or what is wrong with them."""

    def page(told: str, field: str, *, error: str = "invalid_request") -> PageRefusal:
        return PageRefusal(status=profile.authorize_page_status, error=error, told=told, field=field)

    counts = Counter(name for name, _ in pairs)
    for name in ("client_id", "redirect_uri"):
        if counts[name] > 1:
            return page(f"{name} is there more than once", name)
    named = _only(pairs, "client_id")
    if named is None:
        if counts["clientId"]:
            return page("clientId is no longer read: send client_id, the 32 hex characters", "client_id")
        return page("client_id is empty", "client_id")
    if third_party is None or third_party.client_id != named:
        return page("client_id is unknown", "client_id")
    if not third_party.user_type.uses_oauth:
        told = "this third party has no customers to ask: it acts on its client token"
        return page(told, "client_id", error="unauthorized_client")
    redirect_uri = _only(pairs, "redirect_uri")
    if redirect_uri is None:
        return page("redirect_uri is empty", "redirect_uri")
    # as strings, to the character: RFC 9700 §2.1
    if redirect_uri not in third_party.redirect_uris:
        return page("redirect_uri is not a registered one", "redirect_uri")
    if third_party.standing not in standings(test=test):
        return page(NOT_NOW, "client_id", error="unauthorized_client")
    return third_party, redirect_uri


def _only(pairs: Pairs, name: str) -> str | None:
    """The one value of a name; None where there is none, an empty one, or several."""
    found = [value for other, value in pairs if other == name]
    return found[0] or None if len(found) == 1 else None


def _asked(
    parameters: Parameters, third_party: ThirdParty, redirect_uri: str, profile: Profile, now: int
) -> AuthorizeRequest:
    if parameters.get("response_type") != "code":
        kind = REDIRECT_ERRORS[profile.wrong_response_type]
        raise kind("response_type must be code.", field="response_type")
    scope = parameters.get("scope", "")
    min_end, preferred_end = _bounds(scope, now)
    if profile.strict_scope:
        _registered_only(scope, third_party, profile)
    return AuthorizeRequest(
        third_party=third_party,
        redirect_uri=redirect_uri,
        state=parameters.get("state"),
        scope=scope,
        code_challenge=pkce.read_challenge(
            parameters.get("code_challenge"),
            parameters.get("code_challenge_method"),
            required=third_party.pkce_required,
        ),
        min_end=min_end,
        preferred_end=preferred_end,
        guest=parameters.get("login") == "guest",
    )


def _bounds(scope: str, now: int) -> tuple[int | None, int | None]:
    """The ends that the scope asks for, where they make sense."""
    try:
        earliest, preferred = authorization_bounds(scope)
    except ValueError as malformed:
        raise InvalidRequest(str(malformed), field="scope") from malformed
    if earliest is not None and earliest <= now:
        raise InvalidRequest("MinAuthEndDate is in the past.", field="scope")
    if preferred is not None and preferred <= now:
        raise InvalidRequest("PreferredAuthEndDate is in the past.", field="scope")
    if earliest is not None and preferred is not None and preferred < earliest:
        raise InvalidRequest("PreferredAuthEndDate is before MinAuthEndDate.", field="scope")
    return earliest, preferred


def _registered_only(scope: str, third_party: ThirdParty, profile: Profile) -> None:
    """Refuse a scope with unknown terms, or with more in it than was registered. FB 14, FB 31."""
    held = registered(
        third_party.kinds,
        third_party.service_kinds,
        history_seconds=third_party.history_days * DAY,
        third_party_id=third_party.id,
        profile=profile,
    )
    within(scope or None, held.write(), strict=True)
