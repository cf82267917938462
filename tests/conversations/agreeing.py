"""A customer says yes without the pages: the house is asked what the pages ask it."""

from collections.abc import Iterable, Sequence
from datetime import date
from urllib.parse import parse_qsl, urlsplit

from tests.custodian.houses import BASE, EVERYTHING, Home
from wattshare.custodian.house import House
from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.parties import ThirdParty
from wattshare.custodian.oauth.authorize import AuthorizeRequest, granted
from wattshare.custodian.services.consent import Asked
from wattshare.custodian.services.terms import Choice
from wattshare.custodian.store.database import Tx
from wattshare.custodian.web.oauth import asked
from wattshare.espi.kinds import Kind
from wattshare.thirdparty.connect import Journey


def agreed(
    house: House,
    home: Home,
    journey: Journey,
    *,
    kinds: Iterable[Kind] = EVERYTHING,
    agreements: Sequence[int] | None = None,
    until: date | None = None,
) -> str:
    """Share, all of a home unless said otherwise. Where the browser would be sent at last."""
    request = house.tokens.examine(tuple(parse_qsl(urlsplit(journey.url).query)))
    assert isinstance(request, AuthorizeRequest), request

    def issue(tx: Tx, held: Authorization, party: ThirdParty, of: Asked) -> str:
        code = house.tokens.issue_code(
            tx,
            authorization_id=held.id,
            third_party=party,
            redirect_uri=of.redirect_uri,
            challenge=of.code_challenge,
            test=False,
            scope=held.scope,
        )
        return granted(of.redirect_uri, code, held.scope, of.state, BASE)

    every = [agreement.id for agreement in home.agreements]
    choice = Choice(
        # a form offers what the third party is registered for
        kinds=request.third_party.kinds & frozenset(kinds),
        agreement_ids=tuple(every if agreements is None else agreements),
        until=until,
    )
    return house.consent.agree(asked(request), home.customer.id, choice, issue)[1]
