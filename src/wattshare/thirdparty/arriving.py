"""An answer as it comes over the connection: a status that its row may have, and its body, of whatever size."""

import tempfile
from typing import BinaryIO, cast

import httpx2

from wattshare.espi.endpoints import Endpoint
from wattshare.thirdparty.errors import BODY_CAP, Unreadable
from wattshare.thirdparty.reply import PIECE

# what is held in memory of a body before it becomes a file
IN_MEMORY = 4 * 1024 * 1024


def expected(response: httpx2.Response, endpoint: Endpoint, asked: str) -> int:
    """The status, if the row may have it. A redirect is never followed: the token would go along.

    Raises:
        Unreadable: the row never has it.
    """
    status = response.status_code
    if status in (200, 202, 204) or status in endpoint.successes:
        return status
    raise Unreadable(f"{asked} was answered {status}, which this row never is.")


def start(response: httpx2.Response) -> bytes:
    """The first bytes of a refusal; more is never needed."""
    body = b""
    for piece in response.iter_bytes(PIECE):
        body += piece
        if len(body) >= BODY_CAP:
            break
    return body


def spool(response: httpx2.Response) -> BinaryIO:
    """The body, unpacked, in memory while it is small."""
    body = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 it outlives this function
    for piece in response.iter_bytes(PIECE):
        body.write(piece)
    return cast(BinaryIO, body)
