"""Forms with a file in them, multipart/form-data (RFC 7578), read by the standard library's reader of MIME."""

from dataclasses import replace
from email import policy
from email.parser import BytesParser

from wattshare.custodian.model.errors import BadRequest
from wattshare.custodian.web.call import Call, Query

TYPE = "multipart/form-data"
MOST_PARTS = 2_000


def unpacked(call: Call) -> Call:
    """The same call with its form read, a file's text among the fields; any other call as it is.

    Raises:
        BadRequest: it is no form, or has more fields than any page of ours.
    """
    if call.content_type != TYPE:
        return call
    head = f"Content-Type: {call.headers['content-type']}\r\n\r\n".encode("latin-1")
    read = BytesParser(policy=policy.HTTP).parsebytes(head + call.body)
    parts = list(read.iter_parts()) if read.is_multipart() else []
    if not parts or len(parts) > MOST_PARTS:
        raise BadRequest("This is no form of ours.")
    pairs = []
    for part in parts:
        name = part.get_param("name", header="content-disposition")
        body = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(body, bytes):
            pairs.append((name, text_of(body)))
    return replace(call, form=Query(tuple(pairs)))


def text_of(body: bytes) -> str:
    """A field, or a file as spreadsheets write it."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", "replace")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("latin-1")
