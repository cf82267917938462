"""Refusals for people: where a browser asked for a page, a page says what happened and what to do."""

from dataclasses import dataclass

from wattshare.custodian.model.errors import NotCovered, Refusal, Unknown
from wattshare.custodian.web import errors
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.errors import NoListener
from wattshare.custodian.web.pages import Pages

PAGES = ("/sharing", "/static")
OURS = "Something went wrong on our side. Try again in a few minutes."
NEXT = "If it keeps happening, call or write to us, and tell us the reference below."
# what happened, in a line: the first that fits
HEADINGS: tuple[tuple[type[Refusal], str], ...] = (
    (NoListener, "There is no such page"),
    (Unknown, "This is not open any more"),
    (NotCovered, "This cannot be shared now"),
    (Refusal, "That did not work"),
)
SORRY = "We cannot answer at the moment"
AGAIN = "Load the page again"
HOME = ("/sharing", "Go to My data sharing")


@dataclass(frozen=True, kw_only=True)
class Refusals:
    """The last word on every refusal and fault."""

    pages: Pages

    def answer(self, fault: Exception, call: Call) -> Response:
        """A page below /sharing, and the contract's body everywhere else."""
        plain = errors.answer(fault, call)
        if not (call.path_text == "/" or call.path_text.startswith(PAGES)):
            return plain
        ours = plain.status >= 500
        onward = getattr(fault, "onward", None)
        page = self.pages.message(
            SORRY if ours else heading(fault),
            OURS if ours else getattr(fault, "told", None) or OURS,
            status=plain.status,
            reference=call.correlation_id,
            what_next=NEXT,
            onward=HOME if onward is None else (onward, AGAIN),
        )
        retry = plain.header("Retry-After")
        return page if retry is None else page.with_headers(("Retry-After", retry))


def heading(fault: Exception) -> str:
    """What happened, in a line."""
    return next((words for kind, words in HEADINGS if isinstance(fault, kind)), SORRY)
