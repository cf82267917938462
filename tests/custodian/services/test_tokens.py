"""Codes and tokens, on a real store: RFC 6749, 6750, 7009, 7636, 7662, 8414, 8705; OAD… of the standard."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.custodian.services.desk import (
    BASE,
    REDIRECT,
    RESOURCES,
    Client,
    Desk,
    Told,
    basic,
    certificate,
)
from wattshare.custodian.model.authorization import Ending, Entry, State
from wattshare.custodian.model.bearer import BearerClass
from wattshare.custodian.model.errors import NoCertificate, TooMany, UnknownBearer, WrongCertificate
from wattshare.custodian.model.parties import Role, Standing, UserType
from wattshare.custodian.oauth.authorize import PageRefusal
from wattshare.custodian.oauth.pkce import challenge_of
from wattshare.custodian.services.registration import Wish
from wattshare.custodian.services.tokens import TokenRequest
from wattshare.custodian.store.database import Store
from wattshare.espi.kinds import Kind
from wattshare.espi.profile import STANDARD

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

PAIR_KEYS = [
    "access_token",
    "token_type",
    "expires_in",
    "refresh_token",
    "scope",
    "resourceURI",
    "authorizationURI",
]


# codes


def test_a_code_becomes_a_pair_of_tokens(desk: Desk) -> None:
    """OAD005: by POST with everything in the query string."""
    acme, home = desk.client(), desk.home()
    told = desk.redeem(acme, desk.consented(acme, home), in_query=True)
    [held] = desk.authorizations(acme)
    assert told.status == 200
    assert list(told.body) == PAIR_KEYS
    assert (told["token_type"], told["expires_in"], told["scope"]) == ("Bearer", 3600, held.scope)
    assert told["resourceURI"] == f"{RESOURCES}/Batch/Subscription/{held.id}"
    assert told["authorizationURI"] == f"{RESOURCES}/Authorization/{held.id}"
    assert told.headers["Cache-Control"] == "no-store"
    assert told.headers["Pragma"] == "no-cache"
    assert told.answer.content_type == "application/json;charset=UTF-8"
    assert desk.works(told["access_token"])


def test_the_customer_s_address_is_there_where_customer_data_is(desk: Desk) -> None:
    acme = desk.client(kinds_optional=frozenset({Kind.BASIC}))
    told = desk.connect(acme, desk.home(), frozenset({Kind.USAGE, Kind.BASIC}))
    [held] = desk.authorizations(acme)
    assert list(told.body) == [*PAIR_KEYS, "customerResourceURI"]
    assert told["customerResourceURI"] == f"{RESOURCES}/Batch/RetailCustomer/{held.id}"


def test_data_opens_when_the_code_is_redeemed(desk: Desk) -> None:
    acme, home = desk.client(), desk.home()
    code = desk.consented(acme, home)
    assert [held.state for held in desk.authorizations(acme)] == [State.CONSENTED]
    desk.redeem(acme, code)
    assert [held.state for held in desk.authorizations(acme)] == [State.ACTIVE]
    assert "opened" in desk.events(acme)


def test_a_new_authorization_ends_the_one_it_replaces_with_its_tokens(desk: Desk) -> None:
    acme, home = desk.client(), desk.home()
    first = desk.connect(acme, home)
    code = desk.consented(acme, home)
    assert desk.works(first["access_token"])
    second = desk.redeem(acme, code)
    assert [held.state for held in desk.authorizations(acme)] == [State.ENDED, State.ACTIVE]
    assert not desk.works(first["access_token"])
    assert desk.refresh(acme, first["refresh_token"]).error == (400, "invalid_grant")
    assert desk.works(second["access_token"])


def test_a_partner_s_authorization_begins_when_the_primary_s_opens(desk: Desk) -> None:
    beta = desk.client("Beta Grid", role=Role.PARTNER)
    acme = desk.client(role=Role.PRIMARY, partner="Beta Grid")
    code = desk.consented(acme, desk.home())
    assert desk.authorizations(beta) == ()
    desk.redeem(acme, code)
    assert [held.state for held in desk.authorizations(beta)] == [State.ACTIVE]


def test_a_second_use_of_a_code_ends_the_tokens_it_gave(desk: Desk) -> None:
    """OAD004; RFC 6749 §4.1.2."""
    acme = desk.client()
    code = desk.consented(acme, desk.home())
    pair = desk.redeem(acme, code)
    later = desk.refresh(acme, pair["refresh_token"])
    assert desk.redeem(acme, code).error == (400, "invalid_grant")
    assert not desk.works(pair["access_token"])
    assert not desk.works(later["access_token"])
    assert desk.refresh(acme, later["refresh_token"]).error == (400, "invalid_grant")
    # the permission is the customer's: it stays
    assert [held.state for held in desk.authorizations(acme)] == [State.ACTIVE]


def test_another_client_that_shows_a_used_code_ends_nothing(desk: Desk) -> None:
    acme, beta = desk.client(), desk.client("Beta Grid")
    code = desk.consented(acme, desk.home())
    pair = desk.redeem(acme, code)
    assert desk.redeem(beta, code).error == (400, "invalid_grant")
    assert desk.works(pair["access_token"])


def test_another_client_that_shows_a_fresh_code_does_not_use_it_up(desk: Desk) -> None:
    acme, beta = desk.client(), desk.client("Beta Grid")
    code = desk.consented(acme, desk.home())
    assert desk.redeem(beta, code).error == (400, "invalid_grant")
    assert desk.redeem(acme, code).status == 200


@pytest.mark.parametrize("threads", [20])
def test_one_code_in_many_hands_gives_one_live_pair_at_most(desk: Desk, threads: int) -> None:
    acme = desk.client()
    code = desk.consented(acme, desk.home())
    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(lambda _: desk.redeem(acme, code), range(threads)))
    assert sorted(told.status for told in answers) == [200] + [400] * (threads - 1)
    live = [told for told in answers if told.status == 200 and desk.works(told["access_token"])]
    assert len(live) <= 1


@pytest.mark.parametrize(
    ("challenge", "seconds", "works"),
    [
        (None, 600 + 59, True),
        (None, 600 + 60, False),
        (challenge_of(VERIFIER), 60 + 59, True),
        (challenge_of(VERIFIER), 60 + 60, False),
    ],
)
def test_a_code_lasts_ten_minutes_and_one_with_pkce_one(
    desk: Desk, challenge: str | None, seconds: int, works: bool
) -> None:
    acme = desk.client()
    code = desk.consented(acme, desk.home(), challenge=challenge)
    desk.clock.advance(seconds)
    more = {} if challenge is None else {"code_verifier": VERIFIER}
    assert desk.redeem(acme, code, **more).status == (200 if works else 400)


def test_six_minutes_are_too_many_for_the_standard(store: Store) -> None:
    """OAD003."""
    desk = Desk(store=store, profile=STANDARD)
    acme = desk.client()
    code = desk.consented(acme, desk.home())
    desk.clock.advance(360)
    assert desk.redeem(acme, code).error == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("more", "error"),
    [
        pytest.param({"code": "wsk_wrong"}, "invalid_grant", id="OAD003: wrong code"),
        pytest.param({"redirect_uri": REDIRECT + "/"}, "invalid_grant", id="OAD003: other redirect_uri"),
        pytest.param({"code": ""}, "invalid_request", id="OAD003: no code"),
        pytest.param({"redirect_uri": ""}, "invalid_request", id="OAD003: no redirect_uri"),
        pytest.param({"grant_type": ""}, "invalid_request", id="OAD003: no grant_type"),
        pytest.param({"grant_type": "password"}, "unsupported_grant_type", id="unknown grant"),
        pytest.param({"client_id": "f" * 32}, "invalid_request", id="OAD003: another client_id"),
        pytest.param({"code_verifier": VERIFIER}, "invalid_request", id="a verifier without a challenge"),
    ],
)
def test_a_code_that_does_not_fit_is_refused_and_stays_good(desk: Desk, more: dict[str, str], error: str) -> None:
    acme = desk.client()
    code = desk.consented(acme, desk.home())
    assert desk.redeem(acme, code, **more).error == (400, error)
    assert desk.redeem(acme, code).status == 200


@pytest.mark.parametrize(
    ("more", "error"),
    [
        pytest.param({}, "invalid_request", id="no verifier"),
        pytest.param({"code_verifier": "A" * 43}, "invalid_grant", id="another verifier"),
    ],
)
def test_a_proof_key_is_asked_for_before_the_code_is_used_up(desk: Desk, more: dict[str, str], error: str) -> None:
    acme = desk.client()
    code = desk.consented(acme, desk.home(), challenge=challenge_of(VERIFIER))
    assert desk.redeem(acme, code, **more).error == (400, error)
    assert desk.redeem(acme, code, code_verifier=VERIFIER).status == 200


def test_a_permission_taken_back_before_the_code_was_redeemed_stays_ended(desk: Desk) -> None:
    acme = desk.client()
    code = desk.consented(acme, desk.home())
    [held] = desk.authorizations(acme)
    desk.consent.withdraw(held.id, Ending.CUSTOMER)
    assert desk.redeem(acme, code).error == (400, "invalid_grant")
    assert [held.state for held in desk.authorizations(acme)] == [State.ENDED]


# refresh


def test_a_refresh_token_becomes_another_pair(desk: Desk) -> None:
    """OAD012."""
    acme = desk.client()
    pair = desk.connect(acme, desk.home())
    desk.clock.advance(1800)
    told = desk.refresh(acme, pair["refresh_token"], in_query=True)
    assert list(told.body) == PAIR_KEYS
    assert told["expires_in"] == 3600
    assert len({pair["access_token"], pair["refresh_token"], told["access_token"], told["refresh_token"]}) == 4
    assert (told["scope"], told["resourceURI"]) == (pair["scope"], pair["resourceURI"])
    assert desk.refresh(acme, told["refresh_token"]).status == 200


@pytest.mark.parametrize(("age", "seconds"), [(0, 60), (3000, 60), (3630, 30)])
def test_the_former_access_token_lives_a_minute_more_at_most(desk: Desk, age: int, seconds: int) -> None:
    """OAD013."""
    acme = desk.client()
    pair = desk.connect(acme, desk.home())
    desk.clock.advance(age)
    desk.refresh(acme, pair["refresh_token"])
    desk.clock.advance(seconds - 1)
    assert desk.works(pair["access_token"])
    desk.clock.advance(1)
    assert not desk.works(pair["access_token"])


def test_within_the_grace_a_former_refresh_token_gives_a_working_sibling(desk: Desk) -> None:
    acme = desk.client()
    pair = desk.connect(acme, desk.home())
    first = desk.refresh(acme, pair["refresh_token"])
    desk.clock.advance(60)
    second = desk.refresh(acme, pair["refresh_token"])
    assert desk.works(first["access_token"])
    assert desk.works(second["access_token"])
    assert desk.refresh(acme, first["refresh_token"]).status == 200
    assert desk.refresh(acme, second["refresh_token"]).status == 200


def test_after_the_grace_a_former_refresh_token_ends_the_family(desk: Desk) -> None:
    acme = desk.client()
    pair = desk.connect(acme, desk.home())
    first = desk.refresh(acme, pair["refresh_token"])
    desk.clock.advance(61)
    assert desk.refresh(acme, pair["refresh_token"]).error == (400, "invalid_grant")
    assert not desk.works(first["access_token"])
    assert desk.refresh(acme, first["refresh_token"]).error == (400, "invalid_grant")
    assert [held.state for held in desk.authorizations(acme)] == [State.ACTIVE]
    assert "replayed" in desk.events(acme)


def test_another_client_that_shows_a_refresh_token_changes_nothing(desk: Desk) -> None:
    acme, beta = desk.client(), desk.client("Beta Grid")
    pair = desk.connect(acme, desk.home())
    assert desk.refresh(beta, pair["refresh_token"]).error == (400, "invalid_grant")
    assert desk.works(pair["access_token"])
    assert desk.refresh(acme, pair["refresh_token"]).status == 200


def test_refreshes_in_many_hands_at_once_all_work(desk: Desk) -> None:
    acme = desk.client()
    pair = desk.connect(acme, desk.home())
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: desk.refresh(acme, pair["refresh_token"]), range(8)))
    assert [told.status for told in answers] == [200] * 8
    assert all(desk.works(told["access_token"]) for told in answers)


def test_a_refresh_token_lasts_a_year_from_each_rotation(desk: Desk) -> None:
    acme = desk.client()
    pair = desk.connect(acme, desk.home())
    desk.clock.advance(364 * 86_400)
    pair = desk.refresh(acme, pair["refresh_token"])
    desk.clock.advance(364 * 86_400)
    pair = desk.refresh(acme, pair["refresh_token"])
    desk.clock.advance(365 * 86_400 + 60)
    assert desk.refresh(acme, pair["refresh_token"]).error == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        pytest.param({"grant_type": "", "?grant_type": "refresh_token"}, "invalid_request", id="OAD011: malformed"),
        pytest.param({"scope": "FB=4_16_46"}, "invalid_scope", id="OAD011: wrong scope"),
        pytest.param({"refresh_token": ""}, "invalid_request", id="no token"),
        pytest.param({"refresh_token": "wsr_wrong"}, "invalid_grant", id="wrong token"),
    ],
)
def test_a_refresh_that_makes_no_sense_is_refused(desk: Desk, parameters: dict[str, str], error: str) -> None:
    acme = desk.client()
    pair = desk.connect(acme, desk.home())
    asked = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]} | parameters
    assert desk.ask(acme, **asked).error == (400, error)
    assert desk.refresh(acme, pair["refresh_token"]).status == 200


def test_an_access_token_is_no_refresh_token(desk: Desk) -> None:
    acme = desk.client()
    pair = desk.connect(acme, desk.home())
    assert desk.refresh(acme, pair["access_token"]).error == (400, "invalid_grant")
    assert not desk.works(pair["refresh_token"])


def test_tokens_do_not_outlive_their_authorization(desk: Desk) -> None:
    acme = desk.client()
    pair = desk.connect(acme, desk.home())
    with desk.store.begin() as tx:
        [held] = [one for one in tx.authorizations.of_third_party(acme.party.id, alive_only=True) if one.customer_id]

        tx.authorizations.change(replace(held, ends=desk.clock() + 900, version=held.version + 1))
    told = desk.refresh(acme, pair["refresh_token"])
    assert told["expires_in"] == 900
    desk.clock.advance(900)
    assert desk.refresh(acme, told["refresh_token"]).error == (400, "invalid_grant")


# client credentials


def test_client_credentials_become_a_client_token(desk: Desk) -> None:
    """OAD015."""
    acme = desk.client()
    told = desk.ask(acme, grant_type="client_credentials", in_query=True)
    bulk = desk.own_entry(acme, Entry.BULK)
    assert list(told.body) == [
        "client_access_token",
        "access_token",
        "token_type",
        "expires_in",
        "scope",
        "resourceURI",
        "authorizationURI",
    ]
    assert told["client_access_token"] == told["access_token"]
    assert (told["token_type"], told["expires_in"], told["scope"]) == ("Bearer", 3600, bulk.scope)
    assert told["resourceURI"] == f"{RESOURCES}/Batch/Bulk/{acme.party.id}"
    assert told["authorizationURI"] == f"{RESOURCES}/Authorization/{bulk.id}"


def test_the_standard_s_client_token_has_one_name(store: Store) -> None:
    desk = Desk(store=store, profile=STANDARD)
    told = desk.ask(desk.client(), grant_type="client_credentials")
    assert next(iter(told.body)) == "access_token"
    assert "client_access_token" not in told.body


def test_earlier_client_tokens_stay_good(desk: Desk) -> None:
    acme = desk.client()
    tokens = [desk.client_token(acme) for _ in range(3)]
    assert len(set(tokens)) == 3
    assert all(desk.works(token) for token in tokens)


@pytest.mark.parametrize("accept", ["application/xml", "text/xml;q=0.9", "text/xml, application/xml"])
def test_who_takes_xml_only_gets_xml(desk: Desk, accept: str) -> None:
    acme = desk.client()
    told = desk.ask(acme, grant_type="client_credentials", request={"accept": accept})
    text = told.answer.body.decode()
    assert told.answer.content_type == "application/xml;charset=UTF-8"
    assert text.startswith("<Response><client_access_token>wsc_")
    assert "<expires_in>3600</expires_in><scope>FB=1_3" in text
    assert text.endswith("<token_type>Bearer</token_type></Response>")


@pytest.mark.parametrize(
    "accept", [None, "*/*", "application/json", "application/xml, application/json", "text/xml, */*"]
)
def test_who_takes_json_too_gets_json(desk: Desk, accept: str | None) -> None:
    told = desk.ask(desk.client(), grant_type="client_credentials", request={"accept": accept})
    assert told.answer.content_type == "application/json;charset=UTF-8"


@pytest.mark.parametrize(
    ("scope", "status"), [("FB=4_5_15", 200), ("FB=4_46", 400), ("FB=4;AdditionalScope=Billing", 400)]
)
def test_a_client_token_is_not_given_for_more_than_was_registered(desk: Desk, scope: str, status: int) -> None:
    """OAD014."""
    told = desk.ask(desk.client(), grant_type="client_credentials", scope=scope)
    assert told.status == status
    assert status == 200 or told["error"] == "invalid_scope"


@pytest.mark.parametrize("user_type", [UserType.SELF_ACCESS, UserType.CCA])
@pytest.mark.parametrize("grant", ["authorization_code", "refresh_token"])
def test_who_has_no_oauth_has_client_tokens_only(desk: Desk, user_type: UserType, grant: str) -> None:
    own = desk.client(user_type=user_type)
    told = desk.ask(own, grant_type=grant, code="wsk_x", redirect_uri=REDIRECT, refresh_token="wsr_x")
    assert told.error == (400, "unauthorized_client")
    assert desk.works(desk.client_token(own))


# who asks


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param({}, id="OAD003: no credentials"),
        pytest.param({"authorization": "Basic !"}, id="malformed"),
        pytest.param({"authorization": basic("f" * 32, "0" * 64)}, id="an unknown client"),
    ],
)
@pytest.mark.parametrize("test", [False, True])
def test_bad_credentials_are_invalid_client(desk: Desk, request_: dict[str, Any], test: bool) -> None:
    told = desk.ask(None, grant_type="client_credentials", request=request_, test=test)
    assert told.error == (401, "invalid_client")
    assert told.headers["WWW-Authenticate"].startswith("Basic")


def test_a_wrong_secret_gets_the_words_that_an_unknown_client_gets(desk: Desk) -> None:
    acme = desk.client()
    answers = [
        desk.ask(None, grant_type="client_credentials", request={"authorization": basic(client_id, "0" * 64)})
        for client_id in (acme.party.client_id, "f" * 32)
    ]
    assert answers[0].answer == answers[1].answer


@pytest.mark.parametrize(
    ("in_query", "status"), [pytest.param(False, 200, id="form"), pytest.param(True, 400, id="query")]
)
def test_a_secret_comes_in_the_form_and_never_in_the_query(desk: Desk, in_query: bool, status: int) -> None:
    acme = desk.client()
    told = desk.ask(
        None,
        in_query=in_query,
        grant_type="client_credentials",
        client_id=acme.party.client_id,
        client_secret=acme.secret,
    )
    assert told.status == status
    assert acme.secret not in told.answer.body.decode()


def test_a_parameter_in_both_places_is_refused(desk: Desk) -> None:
    acme = desk.client()
    both = {"query": (("grant_type", "client_credentials"),), "form": (("grant_type", "client_credentials"),)}
    assert desk.ask(acme, request=both).error == (400, "invalid_request")


def test_an_honest_client_is_not_locked_out_by_guesses(desk: Desk) -> None:
    acme = desk.client()
    wrong = {"authorization": basic(acme.party.client_id, "0" * 64), "address": "192.0.2.7"}
    for _ in range(100):
        assert desk.ask(None, grant_type="client_credentials", request=wrong).status == 401
    with pytest.raises(TooMany) as refused:
        desk.ask(None, grant_type="client_credentials", request=wrong)
    assert refused.value.retry_after > 0
    # from the same place, and from another
    for address in ("192.0.2.7", "192.0.2.8"):
        told = desk.ask(acme, grant_type="client_credentials", request={"address": address})
        assert told.status == 200
    elsewhere = wrong | {"address": "192.0.2.8"}
    assert desk.ask(None, grant_type="client_credentials", request=elsewhere).status == 401
    desk.clock.advance(901)
    assert desk.ask(None, grant_type="client_credentials", request=wrong).status == 401


@pytest.mark.parametrize(
    ("standing", "error"),
    [(Standing.SUSPENDED, (400, "unauthorized_client")), (Standing.REVOKED, (401, "invalid_client"))],
)
@pytest.mark.parametrize("test", [False, True])
def test_who_is_not_in_good_standing_gets_nothing(
    desk: Desk, standing: Standing, error: tuple[int, str], test: bool
) -> None:
    acme = desk.client()
    pair = desk.connect(acme, desk.home())
    desk.registration.move(acme.party.name, standing)
    assert desk.ask(acme, test=test, grant_type="client_credentials").error == error
    assert desk.refresh(acme, pair["refresh_token"]).error == error


# GET


def test_get_is_not_permitted_at_the_utility(desk: Desk) -> None:
    told = desk.ask(None, in_query=True, grant_type="client_credentials", request={"method": "GET"})
    assert told.status == 405
    assert told.body == {"error": "invalid_request", "error_description": "GET not permitted"}
    assert told.headers["Allow"] == "POST"


def test_get_at_the_test_endpoint_misses_its_grant_type(desk: Desk) -> None:
    told = desk.ask(None, test=True, request={"method": "GET"})
    assert told.error == (400, "invalid_request")
    assert told["error_description"] == "Missing grant_type"


def test_the_standard_asks_who_gets_before_it_refuses(store: Store) -> None:
    """OAD003, OAD004."""
    desk = Desk(store=store, profile=STANDARD)
    acme = desk.client()
    code = desk.consented(acme, desk.home())

    def get(authorization: str | None) -> Told:
        return desk.redeem(acme, code, in_query=True, request={"method": "GET", "authorization": authorization})

    assert get(None).error == (401, "invalid_client")
    assert get(basic(acme.party.client_id, "0" * 64)).error == (401, "invalid_client")
    assert get(acme.basic).error == (400, "invalid_request")
    assert desk.redeem(acme, code).status == 200


# the rehearsal


def test_a_dummy_code_becomes_dummy_tokens_and_ticks_the_test(desk: Desk) -> None:
    acme = desk.client()
    told = desk.redeem(acme, desk.rehearsed(acme), test=True)
    assert list(told.body) == PAIR_KEYS
    assert told["scope"] == "xyz"
    bearer = desk.tokens.identify(f"Bearer {told['access_token']}", None)
    assert bearer is not None
    assert (bearer.bearer_class, bearer.authorization_id) == (BearerClass.TEST_ACCESS, None)
    with desk.store.read() as tx:
        party = tx.parties.by_id(acme.party.id)
    assert party is not None
    assert party.milestones.oauth_test_at == desk.clock()
    assert desk.refresh(acme, told["refresh_token"], test=True).status == 200


def test_a_dummy_code_alone_does_not_tick_the_test(desk: Desk) -> None:
    acme = desk.client()
    desk.rehearsed(acme)
    with desk.store.read() as tx:
        party = tx.parties.by_id(acme.party.id)
    assert party is not None
    assert party.milestones.oauth_test_at is None


def test_a_test_client_token_says_what_it_is(desk: Desk) -> None:
    acme = desk.client()
    bearer = desk.tokens.identify(f"Bearer {desk.client_token(acme, test=True)}", None)
    assert bearer is not None
    assert bearer.bearer_class is BearerClass.TEST_CLIENT


def test_real_and_rehearsed_codes_and_tokens_do_not_mix(desk: Desk) -> None:
    acme, home = desk.client(), desk.home()
    real, dummy = desk.consented(acme, home), desk.rehearsed(acme)
    assert desk.redeem(acme, real, test=True).error == (400, "invalid_grant")
    assert desk.redeem(acme, dummy).error == (400, "invalid_grant")
    real_pair, dummy_pair = desk.redeem(acme, real), desk.redeem(acme, dummy, test=True)
    assert desk.refresh(acme, real_pair["refresh_token"], test=True).error == (400, "invalid_grant")
    assert desk.refresh(acme, dummy_pair["refresh_token"]).error == (400, "invalid_grant")


def test_who_is_under_review_may_rehearse_only(desk: Desk) -> None:
    acme = desk.client()
    with desk.store.begin() as tx:
        tx.parties.change(replace(acme.party, standing=Standing.REVIEW))
    assert desk.redeem(acme, desk.rehearsed(acme), test=True).status == 200
    assert desk.ask(acme, grant_type="client_credentials").error == (400, "unauthorized_client")


def test_a_rehearsal_checks_the_redirect_as_the_real_thing_does(desk: Desk) -> None:
    acme = desk.client()
    outcome = desk.tokens.rehearse(
        (
            ("client_id", acme.party.client_id),
            ("redirect_uri", "https://evil.example/"),
            ("response_type", "code"),
        )
    )
    assert isinstance(outcome, PageRefusal)
    url = desk.tokens.rehearse((("client_id", acme.party.client_id), ("redirect_uri", REDIRECT)))
    assert isinstance(url, str)
    assert dict(parse_qsl(urlsplit(url).query))["error"] == "invalid_request"


# certificates


@pytest.fixture
def guarded(store: Store) -> Desk:
    """A utility with mutual TLS on."""
    return Desk(store=store, mutual_tls=True)


def with_certificate(desk: Desk, name: str) -> Client:
    """A third party with a certificate that nobody had to make."""

    client = desk.client(name)
    party = replace(client.party, certificate="pem", certificate_sha256=certificate(name).sha256)
    with desk.store.begin() as tx:
        tx.parties.change(party)
    return replace(client, party=party)


def test_parameters_are_checked_before_certificates(guarded: Desk) -> None:
    acme = with_certificate(guarded, "acme")
    assert guarded.ask(acme, test=True).error == (400, "invalid_request")
    assert guarded.ask(acme, grant_type="password").error == (400, "unsupported_grant_type")
    with pytest.raises(NoCertificate):
        guarded.ask(acme, grant_type="client_credentials")
    with pytest.raises(NoCertificate):
        guarded.ask(None, grant_type="client_credentials")


def test_a_client_comes_with_its_own_certificate(guarded: Desk) -> None:
    acme, beta = with_certificate(guarded, "acme"), with_certificate(guarded, "beta")

    def ask(client: Client | None, name: str) -> Told:
        return guarded.ask(client, grant_type="client_credentials", request={"certificate": certificate(name)})

    assert ask(acme, "acme").status == 200
    assert ask(None, "acme").error == (401, "invalid_client")
    for client, name in ((acme, "beta"), (beta, "acme"), (acme, "nobody")):
        with pytest.raises(WrongCertificate):
            ask(client, name)


def test_a_client_without_a_registered_certificate_is_not_let_in(guarded: Desk) -> None:
    acme = guarded.client()
    with pytest.raises(WrongCertificate):
        guarded.ask(acme, grant_type="client_credentials", request={"certificate": certificate()})


@pytest.mark.parametrize("step", ["revoke", "introspect"])
def test_upkeep_asks_for_the_certificate_too(guarded: Desk, step: str) -> None:
    acme = with_certificate(guarded, "acme")
    request = TokenRequest(form=(("token", "wsa_x"),), authorization=acme.basic)
    with pytest.raises(NoCertificate):
        getattr(guarded.tokens, step)(request)


# bearers


def test_a_bearer_is_known_by_the_authorization_header(desk: Desk) -> None:
    acme = desk.client()
    token = desk.client_token(acme)
    for header in (f"Bearer {token}", f"bearer {token}", f"BEARER  {token}"):
        bearer = desk.tokens.identify(header, None)
        assert bearer is not None
        assert (bearer.bearer_class, bearer.third_party) == (BearerClass.CLIENT, acme.party)


def test_the_registration_token_is_a_bearer_too(desk: Desk) -> None:
    acme = desk.client()
    bearer = desk.tokens.identify(f"Bearer {acme.registration_token}", None)
    assert bearer is not None
    assert bearer.bearer_class is BearerClass.REGISTRATION


def test_no_header_is_no_bearer(desk: Desk) -> None:
    assert desk.tokens.identify(None, None) is None


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer wsc_unknown",
        "Basic YTpi",
        "Bearer a b",
        "Bearer a, Bearer b",
        "Bearer ü",
        "wsc_unknown",
        "Bearer " + "a" * 600,
        "Bearer a\r\nb",
        "Bearer a\n",
    ],
)
def test_what_is_no_bearer_token_is_unknown(desk: Desk, header: str) -> None:
    with pytest.raises(UnknownBearer):
        desk.tokens.identify(header, None)


def test_an_expired_bearer_is_unknown(desk: Desk) -> None:
    """OAD016."""
    token = desk.client_token(desk.client())
    desk.clock.advance(3600 + 59)
    assert desk.works(token)
    desk.clock.advance(1)
    with pytest.raises(UnknownBearer):
        desk.tokens.identify(f"Bearer {token}", None)


def test_codes_and_refresh_tokens_are_no_bearers(desk: Desk) -> None:
    acme = desk.client()
    code = desk.consented(acme, desk.home())
    assert not desk.works(code)
    assert not desk.works(desk.redeem(acme, code)["refresh_token"])


def test_a_bearer_tells_whether_its_certificate_fits(guarded: Desk) -> None:
    acme, beta = with_certificate(guarded, "acme"), certificate("beta")
    token = guarded.client_token(acme, request={"certificate": certificate("acme")})
    own = guarded.tokens.identify(f"Bearer {token}", certificate("acme"))
    other = guarded.tokens.identify(f"Bearer {token}", beta)
    assert own is not None
    assert other is not None
    assert (own.certified, other.certified) == (True, False)
    with pytest.raises(NoCertificate):
        guarded.tokens.identify(f"Bearer {token}", None)
    with pytest.raises(NoCertificate):
        guarded.tokens.identify(None, None)
    with pytest.raises(UnknownBearer):
        guarded.tokens.identify("Bearer wsc_unknown", beta)


# revocation


def upkeep(desk: Desk, step: str, client: Client, token: object, **more: str) -> Told:
    pairs = (("token", str(token)), *more.items())
    request = TokenRequest(form=pairs, authorization=client.basic)
    return Told(desk.tokens.revoke(request) if step == "revoke" else desk.tokens.introspect(request))


@pytest.mark.parametrize("hint", [{}, {"token_type_hint": "refresh_token"}, {"token_type_hint": "nonsense"}])
def test_a_revoked_access_token_is_dead_and_nothing_else_is(desk: Desk, hint: dict[str, str]) -> None:
    acme = desk.client()
    pair = desk.connect(acme, desk.home())
    assert upkeep(desk, "revoke", acme, pair["access_token"], **hint).status == 200
    assert not desk.works(pair["access_token"])
    assert desk.refresh(acme, pair["refresh_token"]).status == 200


def test_a_revoked_refresh_token_takes_its_family_with_it(desk: Desk) -> None:
    acme = desk.client()
    pair = desk.connect(acme, desk.home())
    assert upkeep(desk, "revoke", acme, pair["refresh_token"]).status == 200
    assert not desk.works(pair["access_token"])
    assert desk.refresh(acme, pair["refresh_token"]).error == (400, "invalid_grant")
    assert [held.state for held in desk.authorizations(acme)] == [State.ACTIVE]


def test_somebody_else_s_token_is_as_unknown_as_none(desk: Desk) -> None:
    acme, beta = desk.client(), desk.client("Beta Grid")
    pair = desk.connect(acme, desk.home())
    for text in (pair["access_token"], pair["refresh_token"]):
        foreign = upkeep(desk, "revoke", beta, text)
        assert foreign.answer == upkeep(desk, "revoke", beta, "wsa_never").answer
        assert foreign.status == 200
        assert upkeep(desk, "introspect", beta, text).body == {"active": False}
    assert desk.works(pair["access_token"])


@pytest.mark.parametrize("step", ["revoke", "introspect"])
def test_upkeep_needs_a_client_and_a_token(desk: Desk, step: str) -> None:
    acme = desk.client()
    assert upkeep(desk, step, acme, "").error == (400, "invalid_request")
    stranger = Client(party=acme.party, secret="0" * 64, registration_token="")
    assert upkeep(desk, step, stranger, "wsa_x").error == (401, "invalid_client")


# introspection


def test_a_live_token_is_described(desk: Desk) -> None:
    acme = desk.client()
    pair = desk.connect(acme, desk.home())
    [held] = desk.authorizations(acme)
    assert upkeep(desk, "introspect", acme, pair["access_token"]).body == {
        "active": True,
        "scope": held.scope,
        "client_id": acme.party.client_id,
        "exp": desk.clock() + 3600,
        "iat": desk.clock(),
        "iss": BASE,
        "sub": str(held.id),
        "token_type": "Bearer",
        "class": "access",
    }
    assert upkeep(desk, "introspect", acme, pair["refresh_token"])["active"] is True


def test_what_would_not_be_taken_is_not_active(desk: Desk) -> None:
    acme = desk.client()
    pair = desk.connect(acme, desk.home())
    after = desk.refresh(acme, pair["refresh_token"])
    assert upkeep(desk, "introspect", acme, pair["refresh_token"]).body == {"active": False}
    assert upkeep(desk, "introspect", acme, "wsa_never").body == {"active": False}
    [held] = desk.authorizations(acme)
    desk.consent.withdraw(held.id, Ending.CUSTOMER)
    for text in (after["access_token"], after["refresh_token"]):
        assert upkeep(desk, "introspect", acme, text).body == {"active": False}


def test_an_expired_token_is_not_active(desk: Desk) -> None:
    acme = desk.client()
    token = desk.client_token(acme)
    desk.clock.advance(3660)
    assert upkeep(desk, "introspect", acme, token).body == {"active": False}


# the rest


def test_the_metadata_names_every_endpoint(desk: Desk) -> None:
    """RFC 8414 §2."""
    metadata = desk.tokens.metadata()
    assert metadata["issuer"] == BASE
    assert metadata["token_endpoint"] == f"{BASE}/datacustodian/oauth/v2/token"
    assert metadata["revocation_endpoint"] == f"{BASE}/datacustodian/oauth/v2/revoke"
    assert metadata["introspection_endpoint"] == f"{BASE}/datacustodian/oauth/v2/introspect"
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert metadata["tls_client_certificate_bound_access_tokens"] is False


def test_no_code_token_or_secret_is_in_a_log_or_in_the_database(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    acme = desk.client()
    code = desk.consented(acme, desk.home())
    pair = desk.redeem(acme, code)
    client_token = desk.client_token(acme)
    desk.refresh(acme, pair["refresh_token"])
    upkeep(desk, "introspect", acme, pair["access_token"])
    secrets = [code, pair["access_token"], pair["refresh_token"], client_token, acme.secret]
    url = desk.store.engine.url.database
    assert url is not None

    kept = b"".join(file.read_bytes() for file in Path(url).parent.glob(Path(url).name + "*"))
    for text in secrets:
        assert text not in caplog.text
        assert text.encode() not in kept


def test_changing_a_registration_keeps_its_tokens(desk: Desk) -> None:
    acme = desk.client()
    token = desk.client_token(acme)
    desk.registration.change(acme.party.name, Wish(name=acme.party.name, redirect_uris=(REDIRECT,), purpose="x"))
    assert desk.works(token)


@pytest.mark.parametrize(("authorization_id", "test"), [(None, False), (4_100_001, True)])
def test_a_code_is_either_somebody_s_or_a_dummy(desk: Desk, authorization_id: int | None, test: bool) -> None:
    acme = desk.client()
    with desk.store.begin() as tx, pytest.raises(ValueError, match="dummy"):
        desk.tokens.issue_code(
            tx,
            authorization_id=authorization_id,
            third_party=acme.party,
            redirect_uri=REDIRECT,
            challenge=None,
            test=test,
        )
