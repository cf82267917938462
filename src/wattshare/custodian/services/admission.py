"""Who asks, and whether they may: bearer and access in one view of the database."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wattshare.custodian.model.bearer import Certificate
from wattshare.custodian.services.access import Access, Permission
from wattshare.custodian.services.limits import Limits
from wattshare.custodian.services.recent import SHAPES, KnownTx, Recent, Seen, WatchedTx
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import For, Purpose
from wattshare.espi.endpoint import Endpoint

if TYPE_CHECKING:
    from wattshare.custodian.services.tokens import Tokens


@dataclass(frozen=True, kw_only=True)
class Admission:
    """What stands before every resource."""

    store: Store
    tokens: "Tokens"
    access: Access
    limits: Limits
    recent: Recent

    def admit(
        self,
        endpoint: Endpoint,
        path: Mapping[str, str],
        *,
        authorization: str | None,
        certificate: Certificate | None,
    ) -> Permission:
        """The permission of who shows this Authorization header and this certificate; it is counted.

        Raises:
            NoCertificate, UnknownBearer: as `Tokens.identify`.
            NoBearer, NotCovered, Withdrawn, WrongCertificate: as `Access.open`.
            TooMany: there were too many before it.
        """
        text = self.tokens.shown(authorization, certificate)
        with self.store.read() as tx:
            permission = self._permitted(tx, text, endpoint, path, certificate, fetch=False)
        return self._counted(permission)

    @contextmanager
    def admitted(
        self,
        endpoint: Endpoint,
        path: Mapping[str, str],
        *,
        authorization: str | None,
        certificate: Certificate | None,
        fetch: bool = False,
    ) -> Iterator[tuple[Permission, Tx]]:
        """The same, and the view in which it is answered: it shows what the permission is for and nothing else.

        `fetch`: a file is, and the view is one of the house, to look for it. Where nothing is counted it is the view in
        which the permission was found.

        Raises:
            NoCertificate, UnknownBearer, NoBearer, NotCovered, Withdrawn, WrongCertificate, TooMany: as `admit`.
        """
        text = self.tokens.shown(authorization, certificate)
        seen = self.recent.watch() if text is not None and self._keeps(endpoint, fetch=fetch) else None
        with self.store.read() as tx:
            view = tx if seen is None else WatchedTx(tx, seen)
            permission = self._permitted(view, text, endpoint, path, certificate, fetch=fetch)
            if not self.limits.on:
                if permission.authorization is not None and not fetch:
                    view.narrow(permission.authorization.id)
                yield permission, view
                if seen is not None and text is not None:
                    self.recent.keep(text, seen)
                return
        # not inside: a count is a transaction of its own
        permission = self._counted(permission)
        with self.store.read(Purpose.HOUSE if fetch else whose(permission)) as tx:
            yield permission, tx

    def recently(
        self,
        seen: Seen,
        endpoint: Endpoint,
        path: Mapping[str, str],
        certificate: Certificate | None,
        *,
        fetch: bool = False,
    ) -> Permission:
        """The same out of what was seen of the bearer in this second. Asks no database.

        Raises:
            NotSeen: it has to be asked.
            UnknownBearer, NotCovered, WrongCertificate: as it was seen; to be asked, too.
        """
        return self._permitted(seen.tx, "", endpoint, path, certificate, fetch=fetch)

    @contextmanager
    def known(
        self,
        seen: Seen,
        endpoint: Endpoint,
        path: Mapping[str, str],
        certificate: Certificate | None,
        *,
        fetch: bool = False,
    ) -> Iterator[tuple[Permission, Tx]]:
        """The same, and a view as `admitted` has it: what that shows is told if `seen` still holds then.

        Raises:
            NotSeen: it has to be asked.
            UnknownBearer, NotCovered, WrongCertificate: as it was seen; to be asked, too.
            Unavailable: there is no database.
        """
        permission = self.recently(seen, endpoint, path, certificate, fetch=fetch)
        with self.store.read(Purpose.HOUSE if fetch else whose(permission)) as tx:
            yield permission, KnownTx(tx, seen)

    def seen(
        self, endpoint: Endpoint, authorization: str | None, certificate: Certificate | None, *, fetch: bool = False
    ) -> Seen | None:
        """What was seen in this second of who shows this Authorization header.

        Raises:
            NoCertificate, UnknownBearer: as `Tokens.identify`.
        """
        if not self._keeps(endpoint, fetch=fetch):
            return None
        text = self.tokens.shown(authorization, certificate)
        return None if text is None else self.recent.find(text)

    def _keeps(self, endpoint: Endpoint, *, fetch: bool) -> bool:
        """Whether what is found out for a row is kept: where requests are counted, each is asked about."""
        return not self.limits.on and (fetch or endpoint.shape in SHAPES)

    def _permitted(
        self,
        tx: Tx,
        text: str | None,
        endpoint: Endpoint,
        path: Mapping[str, str],
        certificate: Certificate | None,
        *,
        fetch: bool,
    ) -> Permission:
        bearer, held = (None, None) if text is None else self.tokens.bearer(tx, text, certificate)
        return self.access.open_in(tx, bearer, endpoint, path, fetch=fetch, held=held)

    def _counted(self, permission: Permission) -> Permission:
        if not self.limits.on:
            return permission
        return replace(permission, budgets=self.limits.count(permission.third_party))


def whose(permission: Permission) -> For:
    """What an answer is read for: one authorization, or what no customer has."""
    return Purpose.HOUSE if permission.authorization is None else permission.authorization.id
