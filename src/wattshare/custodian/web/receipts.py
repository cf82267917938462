"""Receipts of what became of a permission: as pages, and signed to keep."""

from dataclasses import dataclass
from typing import Any

from wattshare.custodian.model.references import reference
from wattshare.custodian.services.overview import Card, Overview
from wattshare.custodian.services.receipts import Receipts
from wattshare.custodian.store.receipts import KeptReceipt
from wattshare.custodian.web import receipt_words
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.lobby import Lobby
from wattshare.custodian.web.pages import Pages
from wattshare.custodian.web.refusals import NoReceipt, NotShared
from wattshare.custodian.web.routes import Route
from wattshare.custodian.web.sharing import SIGN_IN, number, told
from wattshare.espi.endpoints import Token


@dataclass(frozen=True, kw_only=True)
class ReceiptPages:
    """Handlers of receipts and records."""

    lobby: Lobby
    pages: Pages
    overview: Overview
    receipts: Receipts

    def routes(self) -> tuple[Route, ...]:
        """They ask for the session themselves: without one they lead to the sign-in."""
        pages = (
            ("/sharing/receipt", self.page),
            ("/sharing/receipt/download", self.download),
            ("/sharing/record", self.record),
        )
        return tuple(Route(path=path, method="GET", token=Token.SESSION, handler=handler) for path, handler in pages)

    def page(self, call: Call) -> Response:
        """One receipt, and the others of the same permission."""
        if (known := self.lobby.customer(call)) is None:
            return self.lobby.sign_in_first(call)
        card = self._card(call, known[1])
        every = self._every(card)
        kept = self._chosen(call, every)
        tongue, zone = self.pages.tongue(call), self.pages.zone
        return self.pages.draw(
            call,
            "receipt.html",
            shown=receipt_words.receipt(tongue, kept, zone),
            others=[receipt_words.line(tongue, one, zone) for one in every if one.id != kept.id],
            authorization=card.id,
        )

    def download(self, call: Call) -> Response:
        """One receipt, signed."""
        if (known := self.lobby.customer(call)) is None:
            return Response.redirect(SIGN_IN)
        card = self._card(call, known[1])
        kept = self._chosen(call, self._every(card))
        return download(self.receipts.receipt(kept), f"receipt-{kept.facts['number']}.json")

    def record(self, call: Call) -> Response:
        """Everything about one permission, to keep: signed."""
        if (known := self.lobby.customer(call)) is None:
            return Response.redirect(SIGN_IN)
        card = self.overview.shown(known[1], number(call.query.first("authorization")) or 0)
        if card is None:
            raise NotShared
        facts = told(card, self.pages.utility, self.lobby.now())
        return download(self.receipts.record(facts), f"sharing-{reference(card.id)}.json")

    def _card(self, call: Call, customer_id: int) -> Card:
        card = self.overview.card(customer_id, number(call.query.first("authorization")) or 0)
        if card is None:
            raise NotShared
        return card

    def _every(self, card: Card) -> tuple[KeptReceipt, ...]:
        """The receipts of a permission; those of the one that it came with tell of both."""
        along = () if card.primary_id is None else self.receipts.of(card.primary_id)
        return (*self.receipts.of(card.id), *along)

    @staticmethod
    def _chosen(call: Call, every: tuple[KeptReceipt, ...]) -> KeptReceipt:
        """The one that is named, or the last."""
        if not every:
            raise NoReceipt
        named = call.query.first("number")
        kept = next((one for one in every if named is None or one.id == number(named)), None)
        if kept is None:
            raise NotShared
        return kept


def download(document: dict[str, Any], name: str) -> Response:
    """A JSON document to keep."""
    return Response.json(document, headers=(("Content-Disposition", f'attachment; filename="{name}"'),))
