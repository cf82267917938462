"""Signatures, checked without our own code: as a third party would that has only the documentation."""

import base64
import hashlib
import hmac

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.custodian.houses import TestHouse

DAY = 86_400
BODY = b"<BatchList/>"


def parts(headers: dict[str, str]) -> tuple[bytes, list[bytes], list[bytes]]:
    """What was signed, and the signatures of either sort."""
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + BODY
    said = [one.split(",", 1) for one in headers["webhook-signature"].split(" ")]
    by = {sort: [base64.b64decode(text) for name, text in said if name == sort] for sort in ("v1", "v1a")}
    return content, by["v1"], by["v1a"]


def test_both_sorts_of_signature_hold(house: TestHouse) -> None:
    party = house.third_party().party.id
    signing = house.house.delivery.signing
    headers = dict(signing.headers(party, "n1", house.clock(), BODY))
    content, shared, ours = parts(headers)
    [secret], [key] = signing.secrets(party), signing.own()
    assert shared == [hmac.digest(base64.b64decode(secret.secret), content, hashlib.sha256)]
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.public or ""))
    public.verify(ours[0], content)
    with pytest.raises(InvalidSignature):
        public.verify(ours[0], content + b" ")


def test_a_third_party_has_a_secret_of_its_own_which_stays(house: TestHouse) -> None:
    one, other = house.third_party().party.id, house.third_party("Beta Solar").party.id
    signing = house.house.delivery.signing
    first = signing.secrets(one)
    assert first == signing.secrets(one)
    assert first[0].secret != signing.secrets(other)[0].secret
    assert len(base64.b64decode(first[0].secret)) == 32


def test_after_a_change_both_sign_until_the_former_ends(house: TestHouse) -> None:
    party, signing = house.third_party().party.id, house.house.delivery.signing
    [former] = signing.secrets(party)
    fresh = signing.rotate(party, 7 * DAY)
    house.clock.advance(7 * DAY - 1)
    assert [key.id for key in signing.secrets(party)] == [fresh.id, former.id]
    content, shared, _ = parts(dict(signing.headers(party, "n1", house.clock(), BODY)))
    secrets = (fresh.secret, former.secret)
    assert shared == [hmac.digest(base64.b64decode(one), content, hashlib.sha256) for one in secrets]
    house.clock.advance(1)
    assert [key.id for key in signing.secrets(party)] == [fresh.id]


def test_no_secret_can_be_read_in_the_database(house: TestHouse) -> None:
    party, signing = house.third_party().party.id, house.house.delivery.signing
    secrets = [signing.secrets(party)[0].secret, signing.own()[0].secret]
    with house.store.engine.connect() as connection:
        kept = str(connection.exec_driver_sql("SELECT * FROM signing_key").all())
    assert [secret for secret in secrets if secret in kept] == []
    assert secrets[0] not in repr(signing.secrets(party))
