"""Who is asking."""

from dataclasses import dataclass, field
from enum import StrEnum

from wattshare.custodian.model.parties import ThirdParty


class BearerClass(StrEnum):
    """The class of a token, stored with it; decides which rows it may open."""

    ACCESS = "access"
    CLIENT = "client"
    REGISTRATION = "registration"
    TEST_CLIENT = "test_client"
    TEST_ACCESS = "test_access"


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A client certificate whose key the caller has proved to hold. RFC 8705.

    Whether it is a registered one is for the services to compare, by `sha256`.
    """

    # SHA-256 of the DER in lower-case hex, as ThirdParty.certificate_sha256
    sha256: str
    pem: str
    # its last second, UTC epoch seconds
    not_after: int = field(default=253_402_300_799, compare=False)


@dataclass(frozen=True, kw_only=True)
class Bearer:
    """A token that was shown and is good, with the third party that holds it."""

    token_id: int
    bearer_class: BearerClass
    third_party: ThirdParty
    # of an access token
    authorization_id: int | None = None
    # whether it came with the certificate that its third party registered, where one is asked for;
    # `services/access` refuses it otherwise, after everything else
    certified: bool = True
