"""Third parties, their secrets and their certificates."""

from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tests.custodian.store.households import add_party
from wattshare.custodian.model.parties import Milestones, Role, Standing, ThirdParty, UserType
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.parties import THIRD_PARTY
from wattshare.espi.kinds import Kind

FULL = ThirdParty(
    id=50_900,
    name="Acme Energy",
    user_type=UserType.EE_FINANCE,
    role=Role.PRIMARY,
    standing=Standing.REVIEW,
    client_id="c1",
    application_id="a1",
    redirect_uris=("https://acme.example/back", "https://acme.example/other"),
    portal_uri="https://acme.example/",
    notification_uri="https://acme.example/notices",
    notify_daily=True,
    kinds_required=frozenset({Kind.USAGE, Kind.BILLING}),
    kinds_optional=frozenset({Kind.BASIC}),
    history_days=365,
    visible=True,
    pkce_required=True,
    purpose="Advice on saving",
    phone="555-0101",
    contacts=("dev@acme.example", "ops@acme.example"),
    certificate="-----BEGIN CERTIFICATE-----",
    certificate_sha256="ab" * 32,
    registered_at=1_700_000_000,
    milestones=Milestones(connectivity_test_at=1, oauth_test_at=2, due_at=3),
)


def test_a_third_party_comes_back_as_it_was(store: Store) -> None:
    with store.begin() as tx:
        tx.parties.add(FULL, secret="s3cret", registration_token="r3gistration")
    with store.read() as tx:
        assert tx.parties.by_id(FULL.id) == FULL
        assert tx.parties.by_client_id("c1") == FULL
        assert tx.parties.by_name("Acme Energy") == FULL
        assert tx.parties.by_registration_token("r3gistration") == FULL
        assert tx.parties.every() == (FULL,)


def test_what_is_not_there_is_not_found(store: Store) -> None:
    with store.read() as tx:
        assert tx.parties.by_id(50_001) is None
        assert tx.parties.by_client_id("c1") is None
        assert tx.parties.by_name("Acme Energy") is None
        assert tx.parties.by_registration_token("r") is None
        assert not tx.parties.secret_matches(50_001, "s")
        assert tx.parties.login("dev@acme.example") is None


def test_ids_have_five_digits_and_grow(store: Store) -> None:
    with store.begin() as tx:
        assert [tx.parties.next_id(), tx.parties.next_id()] == [50_001, 50_002]


def test_a_change_keeps_the_secrets(store: Store) -> None:
    with store.begin() as tx:
        tx.parties.add(FULL, secret="s3cret", registration_token="r3gistration")
        changed = replace(FULL, name="Acme Power", contacts=("new@acme.example",), notify_daily=False)
        tx.parties.change(changed)
    with store.read() as tx:
        assert tx.parties.by_id(FULL.id) == changed
        assert tx.parties.secret(FULL.id) == "s3cret"
        assert tx.parties.registration_token(FULL.id) == "r3gistration"


def test_a_secret_is_compared_and_replaced(store: Store) -> None:
    with store.begin() as tx:
        party = add_party(tx)
        assert tx.parties.secret_matches(party.id, "secret of Acme Energy")
        assert not tx.parties.secret_matches(party.id, "secret of Acme energy")
        tx.parties.reset_secret(party.id, "another")
        assert not tx.parties.secret_matches(party.id, "secret of Acme Energy")
        assert tx.parties.secret_matches(party.id, "another")
        assert tx.parties.secret(party.id) == "another"


@pytest.mark.parametrize("what", ["name", "client_id", "application_id"])
def test_two_third_parties_do_not_share(store: Store, what: str) -> None:
    other = replace(FULL, id=50_901, name="Other", client_id="c2", application_id="a2")
    with store.begin() as tx:
        tx.parties.add(FULL, secret="s", registration_token="r")
    clash = replace(other, **{what: getattr(FULL, what)})
    with pytest.raises(IntegrityError), store.begin() as tx:
        tx.parties.add(clash, secret="s", registration_token="q")


def test_secrets_and_people_are_not_readable_in_the_database(store: Store) -> None:
    with store.begin() as tx:
        tx.parties.add(FULL, secret="s3cret", registration_token="r3gistration")
    with store.engine.connect() as connection:
        row = str(connection.execute(select(THIRD_PARTY)).one())
    for hidden in ("s3cret", "r3gistration", "555-0101", "dev@acme.example"):
        assert hidden not in row


def test_the_version_grows_with_what_is_trusted_only(store: Store) -> None:
    steps = (
        (replace(FULL, purpose="Other words"), False),
        (replace(FULL, certificate="new", certificate_sha256="cd" * 32), True),
        (replace(FULL, certificate="new", certificate_sha256="cd" * 32, standing=Standing.SUSPENDED), False),
        (replace(FULL, certificate="new", certificate_sha256="cd" * 32, standing=Standing.REVOKED), True),
        (replace(FULL, certificate=None, certificate_sha256=None, standing=Standing.REVOKED), True),
    )
    with store.begin() as tx:
        assert tx.parties.certificates_version() == 0
        tx.parties.add(FULL, secret="s", registration_token="r")
        assert tx.parties.certificates_version() == 1
        for changed, grows in steps:
            before = tx.parties.certificates_version()
            tx.parties.change(changed)
            assert (tx.parties.certificates_version() > before) is grows, changed


def test_certificates_of_revoked_registrations_are_not_trusted(store: Store) -> None:
    with store.begin() as tx:
        tx.parties.add(FULL, secret="s", registration_token="r")
        add_party(tx, "Without a certificate")
        assert tx.parties.certificates() == (("ab" * 32, "-----BEGIN CERTIFICATE-----"),)
        tx.parties.change(replace(FULL, standing=Standing.REVOKED))
        assert tx.parties.certificates() == ()


def test_a_login_is_found_in_any_case(store: Store) -> None:
    with store.begin() as tx:
        party = add_party(tx)
        tx.parties.add_login(party.id, "Dev@Acme.example", "argon2id")
        assert tx.parties.login("dev@acme.EXAMPLE ") == (party.id, "argon2id")


def test_a_registration_token_is_found_after_a_new_key_came(store: Store) -> None:
    with store.begin() as tx:
        party = add_party(tx)
    keys = Keys({**store.keys.hmac, "k2": bytes(range(100, 132))}, {**store.keys.sealing, "k2": bytes(range(32, 64))})
    with Store(store.engine, keys).begin() as tx:
        found = tx.parties.by_registration_token("registration of Acme Energy")
        assert found == party
        assert tx.parties.secret_matches(party.id, "secret of Acme Energy")
        tx.parties.reset_secret(party.id, "newer")
        assert tx.parties.secret_matches(party.id, "newer")
