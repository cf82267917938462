"""The apps that a customer may start sharing with from here: registered, alive, and willing to be listed."""

from dataclasses import dataclass

from wattshare.custodian.model.errors import Unknown
from wattshare.custodian.model.parties import Role, Standing, ThirdParty
from wattshare.custodian.store.database import Store


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One app, and who comes with it."""

    party: ThirdParty
    partner: ThirdParty | None = None


@dataclass(frozen=True, kw_only=True)
class Directory:
    """Where a customer picks an app; what is shared is decided when the app asks."""

    store: Store

    def apps(self, text: str = "") -> tuple[ThirdParty, ...]:
        """Those in whose name or purpose each word of a text stands, by name."""
        words = text.casefold().split()
        with self.store.read() as tx:
            every = tx.parties.every()
        found = (one for one in every if is_listed(one) and all(word in told(one) for word in words))
        return tuple(sorted(found, key=lambda one: (one.name.casefold(), one.id)))

    def app(self, third_party_id: int) -> Entry:
        """One that is listed.

        Raises:
            Unknown: it is not, or not any more.
        """
        with self.store.read() as tx:
            party = tx.parties.by_id(third_party_id)
            if party is None or not is_listed(party):
                raise Unknown("This app is not listed.")
            partner = tx.parties.by_id(party.partner_id) if party.partner_id else None
        return Entry(party=party, partner=partner)


def is_listed(party: ThirdParty) -> bool:
    """Whether customers may start at a third party: it wants to be seen, may ask, and has a place to start at."""
    may_ask = party.standing is Standing.PRODUCTION and party.user_type.uses_oauth and party.role is not Role.PARTNER
    return party.visible and may_ask and party.portal_uri is not None


def told(party: ThirdParty) -> str:
    """What an app is searched by."""
    return f"{party.name}\n{party.purpose}".casefold()
