"""The types of the usage schema that tell of third parties and what they may have. espi.xsd."""

# wire() makes a field of a dataclass, as field() does

from dataclasses import dataclass

from wattshare.espi.basics import DateTimeInterval, IdentifiedObject
from wattshare.espi.fields import (
    ESPI,
    STRING32,
    STRING64,
    STRING256,
    STRING512,
    TEXT,
    TIME,
    UINT16,
    URI,
    SchemaSet,
    closed_words,
    element,
    open_numbers,
    wire,
)
from wattshare.espi.words import GrantType, OAuthError, ResponseType, TokenEndPointMethod, TokenType

_GRANT_TYPE = closed_words("GrantType", GrantType)
# the generations that demand the addresses of both scope selection screens
_DEMANDED = {SchemaSet.PGE_2018: 1, SchemaSet.CERT_2019: 1}


@element(ESPI, "ApplicationInformation")
@dataclass(frozen=True, kw_only=True, slots=True)
class ApplicationInformation(IdentifiedObject):
    """The registration of one third party at one custodian. espi.xsd ApplicationInformation; RFC 7591 §2.

    It holds secrets that the schema demands: only its own bearer may see it.
    """

    data_custodian_id: str = wire("dataCustodianId", STRING64, required=True)
    data_custodian_application_status: int = wire(
        "dataCustodianApplicationStatus",
        open_numbers("DataCustodianApplicationStatus", UINT16),
        required=True,
    )
    third_party_application_description: str | None = wire("thirdPartyApplicationDescription", STRING256)
    # the type's name is spelled so in the schema
    third_party_application_status: int | None = wire(
        "thirdPartyApplicationStatus", open_numbers("ThirdPartyApplicatonStatus", UINT16)
    )
    third_party_application_type: int | None = wire(
        "thirdPartyApplicationType", open_numbers("ThirdPartyApplicationType", UINT16)
    )
    third_party_application_use: int | None = wire(
        "thirdPartyApplicationUse", open_numbers("ThirdPartyApplicationUse", UINT16)
    )
    third_party_phone: str | None = wire("thirdPartyPhone", STRING32)
    authorization_server_uri: str | None = wire("authorizationServerUri", URI)
    third_party_notify_uri: str = wire("thirdPartyNotifyUri", URI, required=True)
    authorization_server_authorization_endpoint: str = wire(
        "authorizationServerAuthorizationEndpoint", URI, required=True
    )
    authorization_server_registration_endpoint: str | None = wire("authorizationServerRegistrationEndpoint", URI)
    authorization_server_token_endpoint: str = wire("authorizationServerTokenEndpoint", URI, required=True)
    data_custodian_bulk_request_uri: str = wire("dataCustodianBulkRequestURI", URI, required=True)
    data_custodian_resource_endpoint: str = wire("dataCustodianResourceEndpoint", URI, required=True)
    third_party_scope_selection_screen_uri: str | None = wire(
        "thirdPartyScopeSelectionScreenURI", URI, leasts=_DEMANDED
    )
    third_party_user_portal_screen_uri: str | None = wire("thirdPartyUserPortalScreenURI", URI)
    client_secret: str = wire("client_secret", STRING512, required=True)
    logo_uri: str | None = wire("logo_uri", URI)
    client_name: str = wire("client_name", STRING256, required=True)
    client_uri: str | None = wire("client_uri", URI)
    redirect_uri: tuple[str, ...] = wire("redirect_uri", URI, many=True, least=1, mosts={SchemaSet.PGE_2018: 1})
    client_id: str = wire("client_id", STRING64, required=True)
    tos_uri: str | None = wire("tos_uri", URI)
    policy_uri: str | None = wire("policy_uri", URI)
    software_id: str = wire("software_id", STRING256, required=True)
    software_version: str = wire("software_version", STRING32, required=True)
    client_id_issued_at: int = wire("client_id_issued_at", TIME, required=True)
    # 0 never
    client_secret_expires_at: int = wire("client_secret_expires_at", TIME, required=True)
    contacts: tuple[str, ...] = wire("contacts", STRING256, many=True)
    token_endpoint_auth_method: str = wire(
        "token_endpoint_auth_method",
        closed_words("TokenEndPointMethod", TokenEndPointMethod),
        required=True,
    )
    scope: tuple[str, ...] = wire("scope", STRING256, many=True, least=1)
    grant_types: tuple[str, ...] = wire("grant_types", _GRANT_TYPE, many=True, least=2)
    response_types: str = wire("response_types", closed_words("ResponseType", ResponseType), required=True)
    # untyped in the schema, like the token after it and the address after that
    registration_client_uri: str = wire("registration_client_uri", TEXT, required=True)
    registration_access_token: str = wire("registration_access_token", TEXT, required=True)
    data_custodian_scope_selection_screen_uri: str | None = wire(
        "dataCustodianScopeSelectionScreenURI", TEXT, leasts=_DEMANDED
    )


@element(ESPI, "Authorization")
@dataclass(frozen=True, kw_only=True, slots=True)
class Authorization(IdentifiedObject):
    """A customer's permission to one third party, without its tokens. espi.xsd Authorization."""

    # when data may be asked for; a duration of 0 has no end
    authorized_period: DateTimeInterval | None = wire("authorizedPeriod", DateTimeInterval)
    # which data
    published_period: DateTimeInterval | None = wire("publishedPeriod", DateTimeInterval)
    # 0 revoked, 1 active, 2 denied
    status: int = wire("status", open_numbers("AuthorizationStatus", UINT16), required=True)
    expires_at: int = wire("expires_at", TIME, required=True)
    grant_type: str | None = wire("grant_type", _GRANT_TYPE)
    scope: str = wire("scope", STRING256, required=True)
    token_type: str = wire("token_type", closed_words("TokenType", TokenType), required=True)
    error: str | None = wire("error", closed_words("OAuthError", OAuthError))
    error_description: str | None = wire("error_description", STRING256)
    error_uri: str | None = wire("error_uri", URI)
    resource_uri: str = wire("resourceURI", URI, required=True)
    authorization_uri: str = wire("authorizationURI", URI, required=True)
    customer_resource_uri: str | None = wire("customerResourceURI", URI)
