"""Who may see what: every row of the table with every class of bearer, and every kind of id."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.custodian.services.desk import Client, Desk, certificate
from tests.custodian.store.households import Home
from wattshare.custodian.model.authorization import Ending, Entry, State
from wattshare.custodian.model.bearer import Bearer, BearerClass
from wattshare.custodian.model.errors import (
    NoBearer,
    NotCovered,
    Refusal,
    UnknownBearer,
    Withdrawn,
    WrongCertificate,
)
from wattshare.custodian.model.parties import Role, Standing, UserType
from wattshare.custodian.services.access import Permission
from wattshare.custodian.store.database import Store
from wattshare.espi.endpoints import ENDPOINTS, Answer, Endpoint, Root, Token, by_name
from wattshare.espi.kinds import ALL_KINDS, Kind

ROWS = tuple(endpoint for endpoint in ENDPOINTS if endpoint.root is Root.RESOURCE)
NEVER = 7_777_777


@pytest.fixture
def acme(desk: Desk) -> Client:
    """A third party that asks for everything."""
    return desk.client(kinds_optional=ALL_KINDS)


@pytest.fixture
def home(desk: Desk) -> Home:
    """A customer."""
    return desk.home()


class Call:
    """Every bearer of one third party with one customer, and the paths that are its own."""

    def __init__(self, desk: Desk, client: Client, home: Home, kinds: frozenset[Kind] = ALL_KINDS) -> None:
        self.desk, self.client = desk, client
        pair = desk.connect(client, home, kinds)
        self.held = desk.authorizations(client)[-1]
        test_pair = desk.redeem(client, desk.rehearsed(client), test=True)
        texts = {
            BearerClass.ACCESS: pair["access_token"],
            BearerClass.CLIENT: desk.client_token(client),
            BearerClass.REGISTRATION: client.registration_token,
            BearerClass.TEST_CLIENT: desk.client_token(client, test=True),
            BearerClass.TEST_ACCESS: test_pair["access_token"],
        }
        self.bearers = {kind: self.bearer(text) for kind, text in texts.items()}
        assert [bearer.bearer_class for bearer in self.bearers.values()] == list(texts)

    def bearer(self, text: str) -> Bearer:
        bearer = self.desk.tokens.identify(f"Bearer {text}", None)
        assert bearer is not None
        return bearer

    def path(self, endpoint: Endpoint, **others: str) -> dict[str, str]:
        """The ids of an endpoint's path, all its own but `others`."""
        own = {
            "authorization": str(self.held.id),
            "application": self.client.party.application_id,
            "subscription": str(self.held.id),
            "retail_customer": str(self.held.id),
            "bulk": str(self.client.party.id),
        }
        return {name: (own | others).get(name, "1") for name in endpoint.parameters}

    def open(self, kind: BearerClass | None, endpoint: Endpoint, **others: str) -> Permission:
        bearer = None if kind is None else self.bearers[kind]
        return self.desk.access.open(bearer, endpoint, self.path(endpoint, **others))


def expected(kind: BearerClass | None, endpoint: Endpoint) -> type[Refusal] | None:
    """What the table says of a bearer whose ids are its own; None: it may."""
    classes = {
        Token.CLIENT: BearerClass.CLIENT,
        Token.ACCESS: BearerClass.ACCESS,
        Token.REGISTRATION: BearerClass.REGISTRATION,
    }
    if kind is None:
        return NotCovered if "/Batch/" in endpoint.path else NoBearer
    if kind is classes[endpoint.token]:
        return None
    # its own two entries, not the customer's, which is what the path names here
    if kind is BearerClass.TEST_CLIENT and endpoint.test_token and endpoint.name != "authorization":
        return None
    return NotCovered


@pytest.mark.parametrize("endpoint", ROWS, ids=lambda endpoint: endpoint.name)
def test_every_row_opens_to_its_own_class_of_bearer_alone(
    desk: Desk, acme: Client, home: Home, endpoint: Endpoint
) -> None:
    """OAD006 to OAD010."""
    call = Call(desk, acme, home)
    for kind in (None, *BearerClass):
        refusal = expected(kind, endpoint)
        if refusal is None:
            permission = call.open(kind, endpoint)
            assert permission.third_party.id == acme.party.id
            assert permission.endpoint is endpoint
        else:
            with pytest.raises(refusal):
                call.open(kind, endpoint)


def foreign_ids(call: Call, other: Call, own: str) -> dict[str, str]:
    """Ids that are not the bearer's, by what is wrong with them."""
    return {
        "another third party's": str(other.held.id),
        "another's bulk": str(other.client.party.id),
        "another's registration": other.client.party.application_id,
        "nobody's": str(NEVER),
        "a prefix": own[:-1],
        "a longer one": own + "0",
        "with a zero before": "0" + own,
        "with a plus": "+" + own,
        "with a blank": " " + own,
        "with a point": own + ".0",
        "underscored": own[0] + "_" + own[1:],
        "other digits": own.translate({ord("0") + n: 0x0660 + n for n in range(10)}),
        "upper case": own.upper() if own.upper() != own else own + "A",
        "negative": "-" + own,
        "zero": "0",
        "huge": "9" * 40,
        "a word": "all",
        "empty": "",
    }


NAMING = tuple(endpoint for endpoint in ROWS if endpoint.names_authorization)


@pytest.mark.parametrize("endpoint", NAMING, ids=lambda endpoint: endpoint.name)
def test_any_id_that_is_not_the_bearer_s_gets_the_same_refusal(
    desk: Desk, acme: Client, home: Home, endpoint: Endpoint
) -> None:
    call = Call(desk, acme, home)
    other = Call(desk, desk.client("Beta Grid", kinds_optional=ALL_KINDS), desk.home("2222222222-2"))
    kind = BearerClass(endpoint.token.value)
    name = endpoint.names_authorization
    assert name is not None
    own = call.path(endpoint)[name]
    call.open(kind, endpoint)
    told = set()
    for what, foreign in foreign_ids(call, other, own).items():
        with pytest.raises(NotCovered) as refused:
            pytest.fail(f"{what}: {call.open(kind, endpoint, **{name: foreign})}")
        told.add((refused.value.told, refused.value.field, refused.value.logged))
    assert len(told) == 1


@pytest.mark.parametrize("endpoint", NAMING, ids=lambda endpoint: endpoint.name)
def test_the_customer_s_other_third_party_sees_nothing_of_this_one(
    desk: Desk, acme: Client, home: Home, endpoint: Endpoint
) -> None:
    call = Call(desk, acme, home)
    other = Call(desk, desk.client("Beta Grid", kinds_optional=ALL_KINDS), home)
    name = endpoint.names_authorization
    assert name is not None
    with pytest.raises(NotCovered):
        call.open(BearerClass(endpoint.token.value), endpoint, **{name: other.path(endpoint)[name]})


def test_another_customer_of_the_same_third_party_needs_another_token(desk: Desk, acme: Client, home: Home) -> None:
    first, second = Call(desk, acme, home), Call(desk, acme, desk.home("2222222222-2"))
    endpoint = by_name("usage-points")
    with pytest.raises(NotCovered):
        first.open(BearerClass.ACCESS, endpoint, subscription=str(second.held.id))
    assert second.open(BearerClass.ACCESS, endpoint).authorization == second.held


# what is granted

KINDS: dict[str, frozenset[Kind]] = {
    "usage": frozenset({Kind.USAGE}),
    "billing": frozenset({Kind.BILLING}),
    "basic": frozenset({Kind.BASIC}),
    "account": frozenset({Kind.ACCOUNT}),
    "program_enrollment": frozenset({Kind.PROGRAM_ENROLLMENT}),
}


@pytest.mark.parametrize("kinds", KINDS.values(), ids=KINDS.keys())
def test_an_access_token_opens_the_rows_of_what_was_granted(desk: Desk, home: Home, kinds: frozenset[Kind]) -> None:
    client = desk.client(kinds_required=kinds, kinds_optional=ALL_KINDS)
    call = Call(desk, client, home, kinds)
    for endpoint in ROWS:
        if endpoint.token is Token.ACCESS:
            if kinds & endpoint.kinds or not endpoint.kinds:
                assert call.open(BearerClass.ACCESS, endpoint).authorization == call.held
            else:
                with pytest.raises(NotCovered):
                    call.open(BearerClass.ACCESS, endpoint)


@pytest.mark.parametrize("kinds", KINDS.values(), ids=KINDS.keys())
@pytest.mark.parametrize("role", Role)
def test_a_client_token_opens_the_bulk_rows_of_what_was_registered_to_every_role(
    desk: Desk, kinds: frozenset[Kind], role: Role
) -> None:
    client = desk.client(kinds_required=kinds, role=role)
    bearer = desk.tokens.identify(f"Bearer {desk.client_token(client)}", None)
    for endpoint in ROWS:
        if endpoint.names_authorization == "bulk":
            path = {"bulk": str(client.party.id)}
            if kinds & endpoint.kinds:
                assert desk.access.open(bearer, endpoint, path).authorization is None
            else:
                with pytest.raises(NotCovered):
                    desk.access.open(bearer, endpoint, path)


def test_programmes_of_one_customer_are_not_for_partners(desk: Desk, acme: Client, home: Home) -> None:
    call = Call(desk, acme, home)
    endpoint = by_name("batch-programs")
    for role, opens in ((Role.STANDALONE, True), (Role.PRIMARY, True), (Role.PARTNER, False)):
        with desk.store.begin() as tx:
            tx.parties.change(replace(acme.party, role=role))
        bearer = replace(call.bearers[BearerClass.ACCESS], third_party=replace(acme.party, role=role))
        path = call.path(endpoint)
        if opens:
            desk.access.open(bearer, endpoint, path)
        else:
            with pytest.raises(NotCovered):
                desk.access.open(bearer, endpoint, path)


@pytest.mark.parametrize("user_type", [UserType.SELF_ACCESS, UserType.CCA])
def test_who_has_no_oauth_acts_on_the_client_token(desk: Desk, user_type: UserType) -> None:
    own = desk.client(user_type=user_type)
    bearer = desk.tokens.identify(f"Bearer {desk.client_token(own)}", None)
    desk.access.open(bearer, by_name("batch-bulk"), {"bulk": str(own.party.id)})
    desk.access.open(bearer, by_name("authorizations"), {})
    desk.access.open(bearer, by_name("service-status"), {})


# endings


def test_an_ended_authorization_s_token_is_unknown_at_once(desk: Desk, acme: Client, home: Home) -> None:
    call = Call(desk, acme, home)
    desk.consent.withdraw(call.held.id, Ending.CUSTOMER)
    for endpoint in ROWS:
        if endpoint.token is Token.ACCESS:
            with pytest.raises(UnknownBearer):
                call.open(BearerClass.ACCESS, endpoint)


def test_a_period_that_is_over_ends_access_to_the_second(desk: Desk, acme: Client, home: Home) -> None:
    call = Call(desk, acme, home)
    with desk.store.begin() as tx:
        ending = replace(call.held, ends=desk.clock() + 100, version=call.held.version + 1)
        tx.authorizations.change(ending)
    endpoint = by_name("usage-points")
    desk.clock.advance(99)
    call.open(BearerClass.ACCESS, endpoint)
    desk.clock.advance(1)
    with pytest.raises(UnknownBearer):
        call.open(BearerClass.ACCESS, endpoint)


def test_one_s_own_ended_authorization_can_still_be_read_about(desk: Desk, acme: Client, home: Home) -> None:
    call = Call(desk, acme, home)
    desk.consent.withdraw(call.held.id, Ending.CUSTOMER)
    permission = call.open(BearerClass.CLIENT, by_name("authorization"))
    assert permission.authorization is not None
    assert permission.authorization.state is State.ENDED
    assert permission.named == call.held.id


def test_a_consented_authorization_is_listed_before_its_code_is_redeemed(desk: Desk, acme: Client, home: Home) -> None:
    desk.consented(acme, home)
    [held] = desk.authorizations(acme)
    bearer = desk.tokens.identify(f"Bearer {desk.client_token(acme)}", None)
    endpoint = by_name("authorization")
    permission = desk.access.open(bearer, endpoint, {"authorization": str(held.id)})
    assert permission.authorization == held


@pytest.mark.parametrize("standing", [Standing.SUSPENDED, Standing.REVOKED])
def test_a_suspended_third_party_sees_nothing(desk: Desk, acme: Client, home: Home, standing: Standing) -> None:
    call = Call(desk, acme, home)
    desk.registration.move(acme.party.name, standing)
    party = replace(acme.party, standing=standing)
    for endpoint in ROWS:
        for bearer in call.bearers.values():
            with pytest.raises(NotCovered) as refused:
                desk.access.open(replace(bearer, third_party=party), endpoint, call.path(endpoint))
            # unless its token would not do either
            assert refused.value.told.startswith(("This registration", "This resource takes"))


# the test endpoints' tokens


def test_a_test_client_token_sees_its_own_two_entries_alone(desk: Desk, acme: Client, home: Home) -> None:
    call = Call(desk, acme, home)
    endpoint = by_name("authorization")
    for entry in (Entry.REGISTRATION, Entry.BULK):
        own = desk.own_entry(acme, entry)
        assert call.open(BearerClass.TEST_CLIENT, endpoint, authorization=str(own.id)).authorization == own
    with pytest.raises(NotCovered):
        call.open(BearerClass.TEST_CLIENT, endpoint)
    listed = call.open(BearerClass.TEST_CLIENT, by_name("authorizations"))
    assert listed.entries == {Entry.REGISTRATION, Entry.BULK}
    assert call.open(BearerClass.CLIENT, by_name("authorizations")).entries == set(Entry)


def test_a_test_client_token_opens_four_rows(desk: Desk, acme: Client, home: Home) -> None:
    call = Call(desk, acme, home)
    own = str(desk.own_entry(acme, Entry.BULK).id)
    opened = set()
    for endpoint in ROWS:
        try:
            call.open(BearerClass.TEST_CLIENT, endpoint, authorization=own)
        except NotCovered:
            continue
        opened.add(endpoint.row)
    assert opened == {3, 5, 12, 13}


# prepared files


def test_a_client_token_may_fetch_what_an_access_token_ordered(desk: Desk, acme: Client, home: Home) -> None:
    call = Call(desk, acme, home)
    endpoint = by_name("batch-subscription")
    client = call.bearers[BearerClass.CLIENT]
    path = call.path(endpoint)
    assert desk.access.open(client, endpoint, path, fetch=True).authorization == call.held
    with pytest.raises(NotCovered):
        desk.access.open(client, endpoint, path)


def test_nothing_else_is_opened_by_fetching(desk: Desk, acme: Client, home: Home) -> None:
    call = Call(desk, acme, home)
    other = Call(desk, desk.client("Beta Grid", kinds_optional=ALL_KINDS), desk.home("2222222222-2"))
    for endpoint in ROWS:
        for kind in BearerClass:
            own = expected(kind, endpoint) is None
            fetched = kind is BearerClass.CLIENT and endpoint.answer is Answer.LATER
            bearer, path = call.bearers[kind], call.path(endpoint)
            if own or fetched:
                desk.access.open(bearer, endpoint, path, fetch=True)
            else:
                with pytest.raises(NotCovered):
                    desk.access.open(bearer, endpoint, path, fetch=True)
    endpoint = by_name("batch-subscription")
    for foreign in (other.held.id, desk.own_entry(acme, Entry.BULK).id, NEVER):
        with pytest.raises(NotCovered):
            desk.access.open(call.bearers[BearerClass.CLIENT], endpoint, {"subscription": str(foreign)}, fetch=True)


def test_a_file_of_an_ended_authorization_is_gone(desk: Desk, acme: Client, home: Home) -> None:
    call = Call(desk, acme, home)
    desk.consent.withdraw(call.held.id, Ending.CUSTOMER)
    endpoint = by_name("batch-subscription")
    with pytest.raises(Withdrawn):
        desk.access.open(call.bearers[BearerClass.CLIENT], endpoint, call.path(endpoint), fetch=True)


# asking again


def withdrawn(desk: Desk, call: Call) -> None:
    desk.consent.withdraw(call.held.id, Ending.CUSTOMER)


def suspended(desk: Desk, call: Call) -> None:
    desk.registration.move(call.client.party.name, Standing.SUSPENDED)


def expired(desk: Desk, call: Call) -> None:
    desk.clock.advance(3660)


def unchanged(desk: Desk, call: Call) -> None:
    desk.clock.advance(60)


@pytest.mark.parametrize(
    ("happens", "refusal"),
    [(unchanged, None), (withdrawn, UnknownBearer), (suspended, NotCovered), (expired, UnknownBearer)],
)
def test_a_permission_is_asked_again(
    desk: Desk,
    acme: Client,
    home: Home,
    happens: Callable[[Desk, Call], None],
    refusal: type[Refusal] | None,
) -> None:
    call = Call(desk, acme, home)
    permission = call.open(BearerClass.ACCESS, by_name("batch-usage-point"))
    happens(desk, call)
    with desk.store.read() as tx:
        if refusal is None:
            assert desk.access.renew(tx, permission) == permission
        else:
            with pytest.raises(refusal):
                desk.access.renew(tx, permission)


def test_a_registration_s_permission_is_asked_again(desk: Desk, acme: Client, home: Home) -> None:
    permission = Call(desk, acme, home).open(BearerClass.REGISTRATION, by_name("application-information"))
    with desk.store.read() as tx:
        assert desk.access.renew(tx, permission) == permission
    suspended_party = acme.party.name
    desk.registration.move(suspended_party, Standing.SUSPENDED)
    with desk.store.read() as tx, pytest.raises(NotCovered):
        desk.access.renew(tx, permission)


# certificates


def test_a_wrong_certificate_is_told_after_everything_else(store: Store) -> None:
    desk = Desk(store=store, mutual_tls=True)
    client = desk.client()
    party = replace(client.party, certificate="pem", certificate_sha256=certificate("acme").sha256)
    with desk.store.begin() as tx:
        tx.parties.change(party)
    token = desk.client_token(client, request={"certificate": certificate("acme")})
    right = desk.tokens.identify(f"Bearer {token}", certificate("acme"))
    wrong = desk.tokens.identify(f"Bearer {token}", certificate("beta"))
    own, foreign = {"bulk": str(party.id)}, {"bulk": str(party.id + 1)}
    assert desk.access.open(right, by_name("batch-bulk"), own).third_party == party
    with pytest.raises(NotCovered):
        desk.access.open(wrong, by_name("batch-bulk"), foreign)
    with pytest.raises(NotCovered):
        desk.access.open(wrong, by_name("usage-points"), {"subscription": "1"})
    with pytest.raises(WrongCertificate):
        desk.access.open(wrong, by_name("batch-bulk"), own)


def test_a_row_about_no_authorization_names_none(desk: Desk, acme: Client, home: Home) -> None:
    permission = Call(desk, acme, home).open(BearerClass.CLIENT, by_name("service-status"))
    with pytest.raises(LookupError):
        _ = permission.named
