"""Forms with a file in them."""

import pytest

from wattshare.custodian.model.errors import BadRequest
from wattshare.custodian.web.call import Call, Query
from wattshare.custodian.web.multipart import MOST_PARTS, unpacked

END = b"--x--\r\n"


def field(name: str, value: bytes, file: str = "") -> bytes:
    """One part of a form."""
    named = f'; filename="{file}"\r\nContent-Type: text/csv' if file else ""
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + value + b"\r\n"


def read(body: bytes, kind: str = "multipart/form-data; boundary=x") -> Query:
    """The fields of a body."""
    return unpacked(Call(method="POST", headers={"content-type": kind}, body=body)).form


def test_fields_and_files_are_read_in_their_order() -> None:
    form = read(
        field("a", b"1") + field("a", "é\r\n--y".encode()) + field("file", b"\xef\xbb\xbf99-1\n", "a.csv") + END
    )
    assert form.pairs == (("a", "1"), ("a", "é\r\n--y"), ("file", "99-1\n"))
    assert read(field("file", "99-1é".encode("utf-16"), "a.csv") + END).first("file") == "99-1é"
    assert read(field("file", b"caf\xe9", "a.csv") + END).first("file") == "café"


def test_another_form_stays_as_it_is() -> None:
    call = Call(method="POST", headers={"content-type": "application/x-www-form-urlencoded"}, form=Query((("a", "1"),)))
    assert unpacked(call) is call


@pytest.mark.parametrize("body", [b"", b"nothing", field("a", b"1") * (MOST_PARTS + 1) + END])
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        read(body)
