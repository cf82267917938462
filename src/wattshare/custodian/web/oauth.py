"""The OAuth endpoints: authorize, token, and what we add to them. RFC 6749, 7009, 7662, 8414.

Everything is decided below; here requests become values and values become answers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from wattshare.custodian.model.errors import NotCovered
from wattshare.custodian.oauth.authorize import NOT_NOW, AuthorizeRequest, PageRefusal, RedirectRefusal
from wattshare.custodian.services.consent import Asked
from wattshare.custodian.services.tokens import TokenAnswer, TokenRequest, Tokens
from wattshare.custodian.services.tongues import said
from wattshare.custodian.web.arriving import Arriving
from wattshare.custodian.web.call import Call, Handler, Query, Response
from wattshare.custodian.web.pages import Pages
from wattshare.custodian.web.refusals import words
from wattshare.custodian.web.routes import Route
from wattshare.espi.endpoints import ENDPOINTS, Answer, Endpoint, Shape, Token
from wattshare.espi.profile import Profile

HEADING = said("The app sent you here with a request that we cannot read")
SAYS = said("It says: %(told)s.")
NEXT = said("Go back to the app and tell its makers what it says here. Nothing was shared.")


@dataclass(frozen=True, kw_only=True)
class OAuth:
    """Handlers of the authorize and token rows, and of the endpoints beside them."""

    tokens: Tokens
    arriving: Arriving
    pages: Pages
    profile: Profile

    def handlers(self) -> dict[Endpoint, Handler]:
        """A handler for each OAuth row of the table."""
        known: dict[Shape, Handler] = {
            Shape.AUTHORIZE: self.authorize,
            Shape.TEST_AUTHORIZE: self.test_authorize,
            Shape.TOKEN: partial(self.token, test=False),
            Shape.TEST_TOKEN: partial(self.token, test=True),
        }
        rows = (row for row in ENDPOINTS if row.answer in (Answer.AUTHORIZE, Answer.TOKEN))
        return {row: known[row.shape] for row in rows}

    def more(self) -> tuple[Route, ...]:
        """The routes besides the table: GET at the token endpoints, and what the RFCs add."""
        root, test_root = self.profile.oauth_root, self.profile.test_oauth_root
        return (
            Route(path=f"{root}/token", token=Token.BASIC, handler=partial(self.token, test=False), refused=True),
            Route(path=f"{test_root}/token", token=Token.BASIC, handler=partial(self.token, test=True), refused=True),
            Route(
                path=f"{root}/revoke",
                method="POST",
                token=Token.BASIC,
                handler=self._asking(self.tokens.revoke),
            ),
            Route(
                path=f"{root}/introspect",
                method="POST",
                token=Token.BASIC,
                handler=self._asking(self.tokens.introspect),
            ),
            Route(path="/.well-known/oauth-authorization-server", token=Token.NONE, handler=self.metadata),
        )

    # authorize

    def authorize(self, call: Call) -> Response:
        """Begin a consent, after everything about the request is known to be right."""
        match self.tokens.examine(call.query.pairs):
            case PageRefusal() as refusal:
                return self._page(refusal, call)
            case RedirectRefusal(url=url):
                return Response.redirect(url, status=302)
            case AuthorizeRequest() as request:
                return self.arriving.begin(call, asked(request))

    def test_authorize(self, call: Call) -> Response:
        """Rehearse: a dummy code at once, without a customer."""
        match self.tokens.rehearse(call.query.pairs):
            case PageRefusal() as refusal:
                error = {
                    "error": refusal.error,
                    "error_description": refusal.told,
                    "field": refusal.field,
                    "correlation_id": call.correlation_id,
                }
                return Response.json(
                    {name: value for name, value in error.items() if value is not None}, status=refusal.status
                )
            case url:
                return Response.redirect(url, status=302)

    def _page(self, refusal: PageRefusal, call: Call) -> Response:
        say = self.pages.tongue(call).say
        if refusal.told == NOT_NOW:
            heading, told = words(NotCovered())
            return self.pages.message(call, say(heading), say(told), status=refusal.status)
        return self.pages.message(
            call, say(HEADING), say(SAYS, told=refusal.told), status=refusal.status, what_next=say(NEXT)
        )

    # tokens

    def token(self, call: Call, *, test: bool) -> Response:
        """Turn a code, a refresh token or the client's credentials into a token."""
        return answered(self.tokens.grant(request_of(call), test=test))

    def metadata(self, call: Call) -> Response:
        """Where everything is. RFC 8414."""
        del call
        return Response.json(self.tokens.metadata())

    @staticmethod
    def _asking(ask: Callable[[TokenRequest], TokenAnswer]) -> Handler:
        return lambda call: answered(ask(request_of(call)))


def asked(request: AuthorizeRequest) -> Asked:
    """What is kept of a request while the customer decides."""
    return Asked(
        third_party_id=request.third_party.id,
        redirect_uri=request.redirect_uri,
        state=request.state,
        scope=request.scope,
        code_challenge=request.code_challenge,
        min_end=request.min_end,
        preferred_end=request.preferred_end,
        guest=request.guest,
    )


def request_of(call: Call) -> TokenRequest:
    """A call of a token endpoint as a value."""
    return TokenRequest(
        method=call.method,
        query=call.query.pairs,
        # clients send forms under any content type, or none
        form=Query.read(call.body).pairs,
        content_type=call.content_type,
        authorization=call.authorization,
        accept=call.headers.get("accept"),
        certificate=call.certificate,
        address=call.address,
        correlation_id=call.correlation_id,
    )


def answered(answer: TokenAnswer) -> Response:
    """An answer of a token endpoint."""
    return Response(status=answer.status, headers=answer.headers, body=answer.body, content_type=answer.content_type)
