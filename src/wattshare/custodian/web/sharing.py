"""My data sharing: what a customer shares, with whom, and how to stop."""

from dataclasses import dataclass
from datetime import UTC, datetime

from wattshare.custodian.model.authorization import Ending, State
from wattshare.custodian.model.references import reference
from wattshare.custodian.services.consent import Consent
from wattshare.custodian.services.overview import Card, Overview
from wattshare.custodian.web import words
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.lobby import Lobby
from wattshare.custodian.web.names import cut
from wattshare.custodian.web.pages import Pages
from wattshare.custodian.web.refusals import NotShared
from wattshare.custodian.web.routes import Route
from wattshare.espi.endpoints import Token
from wattshare.espi.kinds import Kind

SIGN_IN = "/sharing/sign-in"


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """Handlers of the customer's own pages."""

    lobby: Lobby
    pages: Pages
    consent: Consent
    overview: Overview

    def routes(self) -> tuple[Route, ...]:
        """They ask for the session themselves: without one they lead to the sign-in."""
        pages = (
            ("/sharing", "GET", self.sharing_page),
            ("/sharing/record", "GET", self.record),
            ("/sharing/stop", "GET", self.stop_page),
            ("/sharing/stop", "POST", self.take_stop),
        )
        return tuple(
            Route(path=path, method=method, token=Token.SESSION, handler=handler) for path, method, handler in pages
        )

    def sharing_page(self, call: Call) -> Response:
        """What the customer shares now, and what has ended."""
        if (known := self.lobby.customer(call)) is None:
            return Response.redirect(SIGN_IN)
        session, customer_id = known
        tongue, zone = self.pages.tongue(call), self.pages.zone
        cards = self.overview.cards(customer_id)
        ended = [words.card(tongue, card, zone) for card in cards if card.state is State.ENDED]
        stopped = call.query.first("stopped")
        return self.pages.draw(
            call,
            "sharing.html",
            active=[words.card(tongue, card, zone) for card in cards if card.state is not State.ENDED],
            ended=ended,
            stopped=next((card for card in ended if str(card.id) == stopped), None),
            customer=self.lobby.name(customer_id),
            form_token=session.form_token,
        )

    def record(self, call: Call) -> Response:
        """Everything about one permission, to keep: a JSON document to download."""
        if (known := self.lobby.customer(call)) is None:
            return Response.redirect(SIGN_IN)
        _, customer_id = known
        number = call.query.first("authorization")
        card = next((card for card in self.overview.cards(customer_id) if str(card.id) == number), None)
        if card is None:
            raise NotShared
        spoken = reference(card.id)
        name = ("Content-Disposition", f'attachment; filename="sharing-{spoken}.json"')
        return Response.json(told(card, self.pages.utility), headers=(name,))

    def stop_page(self, call: Call) -> Response:
        """What stopping means, before it is done."""
        if (known := self.lobby.customer(call)) is None:
            return Response.redirect(SIGN_IN)
        session, customer_id = known
        card = self._own_card(customer_id, call.query.first("authorization"))
        shown = words.card(self.pages.tongue(call), card, self.pages.zone)
        return self.pages.draw(call, "stop.html", card=shown, form_token=session.form_token)

    def take_stop(self, call: Call) -> Response:
        """Stop sharing, at once."""
        session = self.lobby.posted(call)
        if session.customer_id is None:
            return Response.redirect(SIGN_IN)
        card = self._own_card(session.customer_id, call.form.first("authorization"))
        self.consent.withdraw(card.id, Ending.CUSTOMER)
        return Response.redirect(f"/sharing?stopped={card.id}")

    def _own_card(self, customer_id: int, authorization_id: str | None) -> Card:
        for card in self.overview.cards(customer_id):
            if str(card.id) == authorization_id and card.state is not State.ENDED:
                return card
        raise NotShared


def told(card: Card, utility: str) -> dict[str, object]:
    """A permission as facts, times in UTC."""
    return {
        "reference": reference(card.id),
        "shared_by": utility,
        "app": cut(card.name),
        "state": card.state.value,
        "data": [kind.value for kind in Kind if kind in card.kinds],
        "services": [
            {"commodity": one.usage_point.commodity.value, "number_ends_in": one.agreement.number[-4:]}
            for one in card.services
        ],
        "since": iso(card.starts),
        "until": iso(card.ends),
        "ended": iso(card.ended_at),
        "ending": card.ending.value if card.ending else None,
        "looks": [
            {"at": iso(look.at), "data": [kind.value for kind in Kind if kind in look.kinds]} for look in card.looks
        ],
    }


def iso(at: int | None) -> str | None:
    """A second as ISO 8601 in UTC."""
    return None if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
