"""Codes and tokens."""

import threading
from dataclasses import dataclass, replace
from unittest.mock import ANY

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tests.custodian.store.households import T0, add_authorization, add_home, add_party
from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.bearer import BearerClass
from wattshare.custodian.model.parties import ThirdParty
from wattshare.custodian.model.tokens import Code, PartyRows, RefreshToken, Token, TokenRows
from wattshare.custodian.store.bearers import Shown
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.tokens import CODE, REFRESH_TOKEN, TOKEN


@dataclass(frozen=True)
class Given:
    """A code with what was issued for it."""

    party: ThirdParty
    held: Authorization
    code: Code
    token: Token
    refresh: RefreshToken


def add_code(tx: Tx, held: Authorization, text: str) -> Code:
    code = Code(
        third_party_id=held.third_party_id,
        authorization_id=held.id,
        redirect_uri="https://acme.example/back",
        scope="FB=4_5",
        challenge="challenge",
        issued_at=T0,
        expires_at=T0 + 600,
    )
    return tx.tokens.add_code(code, text)


def issue(tx: Tx, party: ThirdParty, text: str, home: str) -> Given:
    """A code named by `text`, with tokens `access <text>` and `refresh <text>`."""
    held = add_authorization(tx, party, add_home(tx, home))
    code = add_code(tx, held, text)
    token = tx.tokens.add(
        Token(
            bearer_class=BearerClass.ACCESS,
            third_party_id=party.id,
            authorization_id=held.id,
            family=code.family,
            scope="FB=4_5",
            issued_at=T0,
            expires_at=T0 + 3600,
        ),
        f"access {text}",
    )
    refresh = tx.tokens.add_refresh(
        RefreshToken(
            third_party_id=party.id,
            authorization_id=held.id,
            family=code.family,
            token_id=token.id,
            scope="FB=4_5",
            issued_at=T0,
            expires_at=T0 + 86_400,
        ),
        f"refresh {text}",
    )
    return Given(party, held, code, token, refresh)


def test_the_nouns_answer_what_the_services_ask(store: Store) -> None:
    with store.read() as tx:
        tokens: TokenRows = tx.tokens
        parties: PartyRows = tx.parties
        assert tokens.code("unknown") is None
        assert parties.by_registration_token("unknown") is None


def test_everything_is_found_by_its_text_only(store: Store) -> None:
    with store.begin() as tx:
        given = issue(tx, add_party(tx), "one", "1")
    with store.read() as tx:
        assert tx.tokens.code("one") == given.code
        assert tx.tokens.find("access one") == given.token
        assert tx.tokens.find_refresh("refresh one") == given.refresh
        assert tx.tokens.by_id(given.token.id) == given.token
        assert tx.tokens.by_id(99) is None
        for text in ("", "One", "access one", "two"):
            assert tx.tokens.code(text) is None
        assert tx.tokens.find("refresh one") is None
        assert tx.tokens.find_refresh("access one") is None


def test_what_stands_behind_a_bearer_is_found_with_it(store: Store) -> None:
    with store.begin() as tx:
        one, other = add_party(tx), add_party(tx, "Other")
        given = issue(tx, one, "one", "1")
        alone = replace(given.token, id=0, authorization_id=None, family=None, bearer_class=BearerClass.CLIENT)
        client = tx.tokens.add(alone, "client")
        # never made, but if it were: the authorization is another third party's
        crossed = tx.tokens.add(replace(given.token, id=0, third_party_id=other.id, family=None), "crossed")
        tx.tokens.end(crossed.id, T0 + 1)
    with store.read() as tx:
        assert tx.bearers.shown("access one") == Shown(given.token, one, given.held, ANY)
        assert tx.bearers.shown("client") == Shown(client, one, None, ANY)
        assert tx.bearers.shown("crossed") == Shown(replace(crossed, ended_at=T0 + 1), other, None, ANY)
        for text in ("", "one", "refresh one", "Client"):
            assert tx.bearers.shown(text) is None


def test_what_the_database_holds_opens_nothing(store: Store) -> None:
    with store.begin() as tx:
        issue(tx, add_party(tx), "secret text", "1")
    with store.engine.connect() as connection:
        kept = [connection.execute(select(table)).mappings().one() for table in (CODE, TOKEN, REFRESH_TOKEN)]
    with store.read() as tx:
        for row in kept:
            assert "secret text" not in str(row)
            for text in (row["mac"], row["mac"].partition(":")[2]):
                assert tx.tokens.code(text) is None
                assert tx.tokens.find(text) is None
                assert tx.tokens.find_refresh(text) is None


def test_a_client_token_is_kept_alone(store: Store) -> None:
    with store.begin() as tx:
        party = add_party(tx)
        token = Token(
            bearer_class=BearerClass.TEST_CLIENT,
            third_party_id=party.id,
            scope="",
            issued_at=T0,
            expires_at=T0 + 3600,
        )
        kept = tx.tokens.add(token, "client")
        assert kept.id > 0
        assert tx.tokens.find("client") == kept


def test_a_text_is_given_once(store: Store) -> None:
    with store.begin() as tx:
        given = issue(tx, add_party(tx), "one", "1")
    with pytest.raises(IntegrityError), store.begin() as tx:
        tx.tokens.add(given.token, "access one")


def test_texts_are_found_after_a_new_key_came(store: Store) -> None:
    with store.begin() as tx:
        given = issue(tx, add_party(tx), "one", "1")
    newer = Store(
        store.engine,
        Keys({**store.keys.hmac, "k2": bytes(range(100, 132))}, store.keys.sealing),
    )
    with newer.read() as tx:
        assert tx.tokens.find("access one") == given.token


def test_a_code_is_used_once(store: Store) -> None:
    with store.begin() as tx:
        code = issue(tx, add_party(tx), "one", "1").code
        assert [tx.tokens.use_code(code.id, T0 + n) for n in (1, 2)] == [True, False]
        assert tx.tokens.code("one") == replace(code, used_at=T0 + 1)


def test_a_code_that_ended_is_not_used(store: Store) -> None:
    with store.begin() as tx:
        given = issue(tx, add_party(tx), "one", "1")
        assert tx.tokens.end_codes(given.party.id, T0 + 1) == 1
        assert not tx.tokens.use_code(given.code.id, T0 + 2)


def test_of_many_uses_at_the_same_time_one_is_the_use(store: Store) -> None:
    with store.begin() as tx:
        code = issue(tx, add_party(tx), "one", "1").code
    uses: list[bool] = []

    def use() -> None:
        with store.begin() as tx:
            uses.append(tx.tokens.use_code(code.id, T0))

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(uses) == [False] * 7 + [True]


def test_ending_codes_spares_used_ones_and_other_third_parties(store: Store) -> None:
    with store.begin() as tx:
        party, other = add_party(tx), add_party(tx, "Other")
        used, unused, elsewhere = (
            issue(tx, holder, text, text) for holder, text in ((party, "1"), (party, "2"), (other, "3"))
        )
        tx.tokens.use_code(used.code.id, T0)
        assert tx.tokens.end_codes(party.id, T0 + 5) == 1
        assert tx.tokens.code("2") == replace(unused.code, ended_at=T0 + 5)
        assert tx.tokens.code("3") == elsewhere.code


def test_a_refresh_token_is_rotated_once(store: Store) -> None:
    with store.begin() as tx:
        given = issue(tx, add_party(tx), "one", "1")
        tx.tokens.hold_family(given.code.family)
        assert [tx.tokens.rotate(given.refresh.id, T0 + n) for n in (1, 2)] == [True, False]
        assert tx.tokens.find_refresh("refresh one") == replace(given.refresh, rotated_at=T0 + 1)


@pytest.mark.parametrize(("asked", "kept"), [(60, 60), (3600, 3600), (9999, 3600)])
def test_a_bearer_token_is_shortened_never_lengthened(store: Store, asked: int, kept: int) -> None:
    with store.begin() as tx:
        given = issue(tx, add_party(tx), "one", "1")
        tx.tokens.shorten(given.token.id, T0 + asked)
        assert tx.tokens.find("access one") == replace(given.token, expires_at=T0 + kept)


def test_a_token_keeps_its_first_end(store: Store) -> None:
    with store.begin() as tx:
        given = issue(tx, add_party(tx), "one", "1")
        tx.tokens.end(given.token.id, T0 + 1)
        tx.tokens.end(given.token.id, T0 + 2)
        assert tx.tokens.find("access one") == replace(given.token, ended_at=T0 + 1)


def test_a_family_ends_alone(store: Store) -> None:
    with store.begin() as tx:
        party = add_party(tx)
        one, two = issue(tx, party, "one", "1"), issue(tx, party, "two", "2")
        assert tx.tokens.end_family(one.code.family, T0 + 1) == 2
        assert tx.tokens.end_family(one.code.family, T0 + 2) == 0
        assert tx.tokens.find("access one") == replace(one.token, ended_at=T0 + 1)
        assert tx.tokens.find_refresh("refresh one") == replace(one.refresh, ended_at=T0 + 1)
        assert tx.tokens.find("access two") == two.token
        assert tx.tokens.find_refresh("refresh two") == two.refresh


def test_all_that_an_authorization_gave_ends_with_it(store: Store) -> None:
    with store.begin() as tx:
        party = add_party(tx)
        one, two = issue(tx, party, "one", "1"), issue(tx, party, "two", "2")
        second = add_code(tx, one.held, "one again")
        tx.tokens.use_code(one.code.id, T0)
        assert tx.tokens.revoke_authorization(one.held.id, T0 + 1) == 3
        assert tx.tokens.code("one again") == replace(second, ended_at=T0 + 1)
        assert tx.tokens.find("access one") == replace(one.token, ended_at=T0 + 1)
        assert tx.tokens.find_refresh("refresh one") == replace(one.refresh, ended_at=T0 + 1)
        assert tx.tokens.find("access two") == two.token
        assert tx.tokens.code("two") == two.code


def test_the_latest_end_is_of_tokens_that_have_not_ended(store: Store) -> None:
    with store.begin() as tx:
        given = issue(tx, add_party(tx), "one", "1")
        longer = tx.tokens.add(replace(given.token, expires_at=T0 + 7200), "access more")
        assert tx.tokens.latest_end(given.held.id) == T0 + 7200
        tx.tokens.end(longer.id, T0)
        assert tx.tokens.latest_end(given.held.id) == T0 + 3600
        tx.tokens.end(given.token.id, T0)
        assert tx.tokens.latest_end(given.held.id) is None


def test_a_code_is_kept_as_long_as_its_family(store: Store) -> None:
    with store.begin() as tx:
        given = issue(tx, add_party(tx), "one", "1")
        # the bearer token is over, its code too, the refresh token not
        assert tx.tokens.forget(T0 + 3601) == 1
        assert tx.tokens.find("access one") is None
        assert tx.tokens.code("one") == given.code
        assert tx.tokens.find_refresh("refresh one") == given.refresh
        assert tx.tokens.forget(T0 + 86_401) == 2
        assert tx.tokens.code("one") is None


def test_the_id_of_a_forgotten_code_does_not_come_again(store: Store) -> None:
    with store.begin() as tx:
        held = add_authorization(tx, add_party(tx), add_home(tx))
        first = add_code(tx, held, "one")
        tx.tokens.forget(T0 + 601)
        assert add_code(tx, held, "two").family > first.family
