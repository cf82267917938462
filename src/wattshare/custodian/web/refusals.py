"""Refusals for people: where a browser asked for a page, a page says what happened and what to do."""

from dataclasses import dataclass

from wattshare.custodian.model.errors import NotCovered, Refusal, TooMany, Unknown
from wattshare.custodian.services.tongues import said
from wattshare.custodian.web import errors
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.complaints import Complaint, waiting
from wattshare.custodian.web.errors import NoListener, TooLarge
from wattshare.custodian.web.pages import Pages

# where it is told what became of a form; and of one that is too large to be read
TOLD_AT, TOO_LARGE = "/sharing/told", "too_large"
PAGES = ("/sharing", "/static")


class StalePage(Refusal):
    """The form's token is not this session's, or the form came from elsewhere."""

    def __init__(self, onward: str) -> None:
        """Take where the page can be loaded again."""
        super().__init__()
        self.onward = onward


class Elsewhere(StalePage):
    """The form came from another site's page."""


class SignedOut(Refusal):
    """There is no session, or no more."""


class StillWaits(SignedOut):
    """The session is over, and the request that the page was about waits on."""

    def __init__(self, onward: str, cookie: tuple[str, str, bool]) -> None:
        """Take where it goes on, and the session in which the request waits: a cookie's name, value and whether TLS."""
        super().__init__()
        self.onward, self.cookie = onward, cookie


class Answered(Unknown):
    """The request was answered, or waited too long."""


class NotShared(Unknown):
    """The customer does not share this, or not any more."""


class NoReceipt(Unknown):
    """There is no receipt of a permission, which is older than receipts are."""


OURS = said("Something went wrong on our side. Try again in a few minutes.")
NEXT = said("If it keeps happening, call or write to us. Tell us the reference below.")
SORRY = said("We cannot answer at the moment")
AGAIN = said("Load the page again")
IN_AGAIN = said("Sign in again and go on")
HOME = said("Go to My data sharing")
FAILED = said("That did not work")
# what happened, and what to do: the first that fits
TOLD: tuple[tuple[type[Refusal], str, str], ...] = (
    (NoListener, said("There is no such page"), said("Check the address, or start from My data sharing.")),
    (
        Answered,
        said("This is not open any more"),
        said(
            "You answered this request already, or it waited too long. If the app does not go on by itself, start "
            "again there. What you share stands in My data sharing."
        ),
    ),
    (NotShared, said("This is not open any more"), said("You do not share this, or you have stopped already.")),
    (
        NoReceipt,
        said("There is no receipt of this"),
        said("It is older than our receipts are. Download its record in My data sharing instead."),
    ),
    (Unknown, said("This is not open any more"), said("We do not have this any more.")),
    (
        NotCovered,
        said("This cannot be shared now"),
        said("This app may not ask for data at the moment. Nothing was shared. Ask the makers of the app."),
    ),
    (
        StillWaits,
        FAILED,
        said(
            "You are signed out: nothing happened for a while, or you signed out elsewhere. "
            "Nothing was shared or changed. "
            "What the app asks for still waits for you."
        ),
    ),
    (
        SignedOut,
        FAILED,
        said(
            "You are signed out: nothing happened for a while, or you signed out elsewhere. "
            "Nothing was shared or changed. "
            "If an app sent you, start again there."
        ),
    ),
    (
        StalePage,
        FAILED,
        said(
            "This page has grown old: you have signed in or out since. Nothing was shared or changed. "
            "Load it again and try once more."
        ),
    ),
    (TooMany, FAILED, said("Too many tries. Wait a quarter of an hour.")),
    (
        TooLarge,
        FAILED,
        said(
            "What you sent is too large: a file may have up to 60 kB. Send less of it at a time. Nothing was shared or "
            "changed. What the app asks for still waits for you."
        ),
    ),
    (Refusal, FAILED, said("We could not read what your browser sent. Nothing was shared or changed.")),
)


@dataclass(frozen=True, kw_only=True)
class Refusals:
    """The last word on every refusal and fault."""

    pages: Pages

    def answer(self, fault: Exception, call: Call) -> Response:
        """A page below /sharing, and the contract's body everywhere else."""
        plain = errors.answer(fault, call)
        if not (call.path_text == "/" or call.path_text.startswith(PAGES)):
            return plain
        if isinstance(fault, TooLarge) and call.method == "POST":
            # nothing of it was read, and nothing has to be kept
            return Response.redirect(f"{TOLD_AT}?{TOO_LARGE}=yes")
        page = self.page(call, complaint_of(fault, plain, call))
        if isinstance(fault, StillWaits):
            name, value, secure = fault.cookie
            page = page.with_cookie(name, value, secure=secure)
        return page

    def page(self, call: Call, complaint: Complaint) -> Response:
        """What happened, and what to do."""
        say = self.pages.tongue(call).say
        to, name = complaint.onward or ("/sharing", HOME)
        page = self.pages.message(
            call,
            say(complaint.heading),
            say(complaint.told),
            status=complaint.status,
            what_next=say(NEXT),
            onward=(to, say(name)),
            reference=complaint.reference,
        )
        return waiting(page, complaint)


def complaint_of(fault: Exception, plain: Response, call: Call) -> Complaint:
    """What is told of a refusal, to whose plain answer."""
    onward = getattr(fault, "onward", None)
    heading, told = (SORRY, OURS) if plain.status >= 500 else words(fault)
    home = "/sharing?tab=waiting" if isinstance(fault, TooLarge) else "/sharing"
    words_on = IN_AGAIN if isinstance(fault, StillWaits) else AGAIN
    retry = plain.header("Retry-After")
    return Complaint(
        path=TOLD_AT,
        heading=heading,
        told=told,
        status=plain.status,
        onward=(home, HOME) if onward is None else (onward, words_on),
        reference=call.correlation_id,
        retry_after=None if retry is None else int(retry),
    )


def words(fault: Exception) -> tuple[str, str]:
    """What happened, in a line, and what to do."""
    found = ((heading, told) for kind, heading, told in TOLD if isinstance(fault, kind))
    return next(found, (SORRY, OURS))
