"""A mail to a third party's contacts when something of its registration was changed that somebody could misuse.

It goes to those that stood there before, too: who changes the contacts does not silence them.
"""

from dataclasses import dataclass

from wattshare.custodian.model.messages import MessageKind
from wattshare.custodian.model.parties import ThirdParty
from wattshare.custodian.services.messages import Messages
from wattshare.custodian.store.database import Tx

# what is told of, in words
WATCHED = {
    "redirect_uris": "where customers come back to",
    "notification_uri": "where notices go",
    "certificate_sha256": "the client certificate",
    "contacts": "the contacts",
    "partner_id": "the partner",
}
KEYS = "the secret that notices are signed with"


@dataclass(frozen=True, kw_only=True)
class Warnings:
    """Owes these mails, in the transaction of the change."""

    messages: Messages

    def changed(self, tx: Tx, before: ThirdParty, after: ThirdParty) -> None:
        """A registration was changed."""
        what = [words for name, words in WATCHED.items() if getattr(before, name) != getattr(after, name)]
        if what:
            self._owe(tx, after, what, (*before.contacts, *after.contacts))

    def secret_changed(self, tx: Tx, third_party_id: int) -> None:
        """A third party has another secret for its notices."""
        party = tx.parties.by_id(third_party_id)
        if party is not None:
            self._owe(tx, party, [KEYS], party.contacts)

    def _owe(self, tx: Tx, party: ThirdParty, what: list[str], contacts: tuple[str, ...]) -> None:
        if contacts:
            facts: dict[str, str | int] = {"app": party.name, "what": ", ".join(what), "at": self.messages.now()}
            self.messages.put(tx, None, MessageKind.REGISTRATION, facts, to=tuple(dict.fromkeys(contacts)))
