"""Bodies and headers of the OAuth endpoints. Contract of the utility's token answers; RFC 6749 §5."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from xml.sax.saxutils import escape

from wattshare.custodian.oauth.errors import InvalidClient, OAuthRefusal
from wattshare.custodian.services.tokens.values import TokenAnswer, TokenRequest

JSON_TYPE = "application/json;charset=UTF-8"
XML_TYPE = "application/xml;charset=UTF-8"
# RFC 6749 §5.1
UNKEPT = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
# RFC 7617 §2
CHALLENGE = ("WWW-Authenticate", 'Basic realm="token", charset="UTF-8"')
# what the XML answer to client credentials consists of
XML_KEYS = ("client_access_token", "access_token", "expires_in", "scope", "token_type")
XML_RANGES = frozenset({"application/xml", "text/xml"})
OPEN_RANGES = frozenset({"application/json", "application/*", "*/*"})


def body(status: int, value: Mapping[str, object], headers: Iterable[tuple[str, str]] = ()) -> TokenAnswer:
    """A JSON answer that nobody keeps."""
    kept = tuple(pair for pair in headers if pair[0].lower() not in ("content-type", "cache-control", "pragma"))
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return TokenAnswer(status=status, headers=(*UNKEPT, *kept), body=text, content_type=JSON_TYPE)


def as_xml(answer: TokenAnswer) -> TokenAnswer:
    """The same answer to client credentials as the utility's XML document: no namespace, no addresses."""
    value: dict[str, object] = json.loads(answer.body)
    inner = "".join(f"<{key}>{escape(str(value[key]))}</{key}>" for key in XML_KEYS if key in value)
    body = f"<Response>{inner}</Response>".encode()
    return replace(answer, body=body, content_type=XML_TYPE)


def refusal(refused: OAuthRefusal, request: TokenRequest) -> TokenAnswer:
    """What a refused client is told. RFC 6749 §5.2."""
    told = {"error": refused.code, "error_description": refused.told}
    if refused.field is not None:
        told["field"] = refused.field
    if request.correlation_id:
        told["correlation_id"] = request.correlation_id
    if isinstance(refused, InvalidClient):
        return body(401, told, (CHALLENGE,))
    return body(400, told)


def wrong_method(request: TokenRequest) -> TokenAnswer:
    """What GET gets at the utility's token endpoint."""
    told = {"error": "invalid_request", "error_description": f"{request.method} not permitted"}
    if request.correlation_id:
        told["correlation_id"] = request.correlation_id
    return body(405, told, (("Allow", "POST"),))


def wants_xml(accept: str | None) -> bool:
    """Whether XML is named in Accept and nothing that JSON would satisfy."""
    if accept is None:
        return False
    ranges = {item.partition(";")[0].strip().lower() for item in accept.split(",")}
    return bool(ranges & XML_RANGES) and not ranges & OPEN_RANGES
