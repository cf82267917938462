"""Refusals for people: where a browser asked for a page, a page says what happened and what to do."""

from dataclasses import dataclass

from wattshare.custodian.web import errors
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.pages import Pages

PAGES = ("/sharing", "/static")
HEADING = "That did not work"
OURS = "Something went wrong on our side. Try again in a few minutes."
NEXT = "If it keeps happening, tell us the reference below."


@dataclass(frozen=True, kw_only=True)
class Refusals:
    """The last word on every refusal and fault."""

    pages: Pages

    def answer(self, fault: Exception, call: Call) -> Response:
        """A page below /sharing, and the contract's body everywhere else."""
        plain = errors.answer(fault, call)
        if not (call.path_text == "/" or call.path_text.startswith(PAGES)):
            return plain
        told = OURS if plain.status >= 500 else getattr(fault, "told", None) or OURS
        page = self.pages.message(HEADING, told, status=plain.status, reference=call.correlation_id, what_next=NEXT)
        retry = plain.header("Retry-After")
        return page if retry is None else page.with_headers(("Retry-After", retry))
