"""What a page complains of, kept with the session and shown at an address of its own.

A form is answered by another address, also where something is wrong with it: a page that is the answer of a form would
have the browser ask whether to send it again when somebody goes back to it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from wattshare.custodian.model.errors import BadRequest
from wattshare.custodian.web.call import NO_PAIRS, Call, Query, Response

# what is kept of a complaint is named by it, and so is the parameter of the address that shows it
COMPLAINT = "complaint"
# of one session; the earliest go
MOST = 10
# the fields of a form that are kept: what was typed or ticked, and never a password or a code
SIGN_IN = frozenset({"login", "account_number", "phone", "way", "send"})
HOMES = frozenset({"agreement", "all_agreements"})
TERMS = HOMES | {"kind", "until", "until_day", "until_offered", "history"}


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """What is wrong, and what was typed."""

    # the page that shows it
    path: str
    # what is wrong, in words that are translated when they are shown; "" where nothing is, and the page is shown again
    told: str = ""
    # the field that it is about
    field: str | None = None
    status: int = 200
    form: Query = NO_PAIRS
    retry_after: int | None = None
    # of a refusal: what happened in a line, the address and the words of the way on, and what to quote
    heading: str = ""
    onward: tuple[str, str] | None = None
    reference: str = ""

    @property
    def refusal(self) -> BadRequest | None:
        """What is wrong, as it was said by the service."""
        return BadRequest(self.told, field=self.field) if self.told else None

    @property
    def body(self) -> dict[str, Any]:
        """As it is kept."""
        return vars(self) | {"form": self.form.pairs}

    @classmethod
    def read(cls, body: dict[str, Any]) -> "Complaint":
        """What was kept."""
        onward = body["onward"]
        form = Query(pairs=tuple((name, value) for name, value in body["form"]))
        return cls(**body | {"form": form, "onward": None if onward is None else tuple(onward)})


def of_form(
    call: Call, path: str, fields: Collection[str], refusal: BadRequest | None = None, *, status: int = 400
) -> Complaint:
    """What a form said in some of its fields, and what is wrong with it; None: it is only shown again."""
    form = Query(pairs=tuple((name, value) for name, value in call.form.pairs if name in fields))
    if refusal is None:
        return Complaint(path=path, form=form)
    return Complaint(path=path, told=refusal.told, field=refusal.field, status=status, form=form)


def at(address: str, name: str) -> str:
    """The address of a page with what it complains of."""
    return f"{address}{'&' if '?' in address else '?'}{COMPLAINT}={name}"


def waiting(page: Response, complaint: Complaint) -> Response:
    """A page that says when to try again."""
    if complaint.retry_after is None:
        return page
    return page.with_headers(("Retry-After", str(complaint.retry_after)))
