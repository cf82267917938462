"""Who asks, and whether they may: bearer and access in one view of the database."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from wattshare.custodian.model.bearer import Certificate
from wattshare.custodian.services.access import Access, Permission
from wattshare.custodian.services.limits import Limits
from wattshare.custodian.services.tokens import Tokens
from wattshare.custodian.store.database import Store
from wattshare.espi.endpoint import Endpoint


@dataclass(frozen=True, kw_only=True)
class Admission:
    """What stands before every resource."""

    store: Store
    tokens: Tokens
    access: Access
    limits: Limits

    def admit(
        self,
        endpoint: Endpoint,
        path: Mapping[str, str],
        *,
        authorization: str | None,
        certificate: Certificate | None,
        fetch: bool,
    ) -> Permission:
        """The permission of who shows this Authorization header and this certificate; it is counted.

        Raises:
            NoCertificate, UnknownBearer: as `Tokens.identify`.
            NoBearer, NotCovered, Withdrawn, WrongCertificate: as `Access.open`.
            TooMany: there were too many before it.
        """
        text = self.tokens.shown(authorization, certificate)
        with self.store.read() as tx:
            bearer = None if text is None else self.tokens.bearer(tx, text, certificate)
            permission = self.access.open_in(tx, bearer, endpoint, path, fetch=fetch)
        return replace(permission, budgets=self.limits.count(permission.third_party))
