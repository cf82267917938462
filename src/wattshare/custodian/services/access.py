"""Who may see what: the one place that says so.

The question starts from the bearer. Ids in the path are compared with what is its own, as whole decimal
numbers; what is somebody else's and what never was get the same refusal. What lies below one's own
authorization is for the store to find: its queries take the one that is named here and join the whole chain.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from wattshare.custodian.model.authorization import Authorization, Entry, State
from wattshare.custodian.model.bearer import Bearer, BearerClass
from wattshare.custodian.model.budget import Budget
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.errors import (
    NoBearer,
    NotCovered,
    UnknownBearer,
    Withdrawn,
    WrongCertificate,
)
from wattshare.custodian.model.parties import Standing, ThirdParty
from wattshare.custodian.oauth.expiry import expired
from wattshare.custodian.store.database import Store, Tx
from wattshare.espi.endpoint import Answer, Endpoint, Token

# what a token that is not there is told on a batch; elsewhere NoBearer. FB 14, OAD009
BATCHES = "/Batch/"

# what is under way asks that often whether it may go on: with the asking itself, within a second
ASK_SECONDS = 0.75

# what a third party is told of a permission that its customer has paused
PAUSED = "The customer has paused this permission. Nothing is given until it goes on; a notice will tell."
# what one is told that may do nothing at present, or no more
CLOSED = {
    Standing.SUSPENDED: "This registration is suspended. Ask the utility.",
    Standing.REVOKED: "This registration has ended.",
}
# the class of bearer behind each class of the table
CLASSES = {
    Token.CLIENT: BearerClass.CLIENT,
    Token.ACCESS: BearerClass.ACCESS,
    Token.REGISTRATION: BearerClass.REGISTRATION,
}
# and what a third party's developer calls it
NAMES = {Token.CLIENT: "a client", Token.ACCESS: "an access", Token.REGISTRATION: "a registration access"}
# of a test client token: what a third party always has
OWN_ENTRIES = frozenset({Entry.REGISTRATION, Entry.BULK})


@dataclass(frozen=True, kw_only=True)
class Permission:
    """A bearer may have this endpoint's answer for these ids."""

    bearer: Bearer
    endpoint: Endpoint
    # as the path has them; those above or equal to the authorization are the bearer's own
    path: Mapping[str, str]
    # of an access token; else the one that the path names; None on rows of the third party as a whole
    authorization: Authorization | None = None
    # a prepared file is fetched, not ordered
    fetch: bool = False
    # what the third party may still ask; nothing where nothing is counted
    budgets: tuple[Budget, ...] = ()

    @property
    def third_party(self) -> ThirdParty:
        """Who asks."""
        return self.bearer.third_party

    @property
    def named(self) -> int:
        """The id of the authorization.

        Raises:
            LookupError: the row is not about one.
        """
        if self.authorization is None:
            raise LookupError(f"{self.endpoint.name} names no authorization")
        return self.authorization.id

    @property
    def entries(self) -> frozenset[Entry]:
        """The entries of the Authorization feed that the bearer may see."""
        return OWN_ENTRIES if self.bearer.bearer_class is BearerClass.TEST_CLIENT else frozenset(Entry)


@dataclass(frozen=True, kw_only=True)
class Access:
    """Turns a bearer and the ids of a path into a permission or a refusal."""

    store: Store
    now: Clock

    def open(
        self, bearer: Bearer | None, endpoint: Endpoint, path: Mapping[str, str], *, fetch: bool = False
    ) -> Permission:
        """Decide about one call. `fetch`: a prepared file is asked for, which the client token may have too.

        Raises:
            NoBearer: no token was shown (NotCovered on batches).
            UnknownBearer: the token's authorization has ended.
            NotCovered: the token is of another class, its holder is suspended, the path is not its own, or the
                customer has paused.
            Withdrawn: a client token asks for a file of an authorization that has ended.
            WrongCertificate: all is well but the certificate.
        """
        with self.store.read() as tx:
            return self.open_in(tx, bearer, endpoint, path, fetch=fetch)

    def open_in(
        self,
        tx: Tx,
        bearer: Bearer | None,
        endpoint: Endpoint,
        path: Mapping[str, str],
        *,
        fetch: bool = False,
        held: Authorization | None = None,
    ) -> Permission:
        """Decide in a transaction that goes on with the answer.

        `held`: the authorization of the token, where it was found in this very transaction.

        Raises:
            NoBearer, UnknownBearer, NotCovered, Withdrawn, WrongCertificate: as `open`.
        """
        if bearer is None:
            # the status is another on batches, the words are the same
            raise NotCovered(NoBearer.__doc__) if endpoint.path.startswith(BATCHES) else NoBearer
        held = self._held(tx, bearer, held)
        if not has_class(bearer, endpoint, fetch=fetch):
            raise NotCovered(f"This resource takes {NAMES[endpoint.token]} token; another kind was shown.")
        if not is_for(bearer.third_party, endpoint):
            raise NotCovered(CLOSED.get(bearer.third_party.standing))
        held = self._named(tx, bearer, held, endpoint, path)
        if endpoint.kinds and not endpoint.kinds & (bearer.third_party.kinds if held is None else held.kinds):
            raise NotCovered
        if not bearer.certified:
            raise WrongCertificate
        if held is not None and held.state is State.PAUSED and endpoint.names_authorization != "authorization":
            raise NotCovered(PAUSED)
        if fetch and held is not None and held.state is State.ENDED:
            raise Withdrawn
        return Permission(bearer=bearer, endpoint=endpoint, path=path, authorization=held, fetch=fetch)

    def renew(self, tx: Tx, permission: Permission) -> Permission:
        """Decide again, with what is known now: before a prepared file, and while a long one is sent.

        Raises:
            UnknownBearer: the token has ended since.
            NotCovered: as `open`.
            Withdrawn: as `open`, or the customer shares less than when it was decided.
        """
        bearer = permission.bearer
        party = tx.parties.by_id(bearer.third_party.id)
        if party is None:
            raise UnknownBearer
        if bearer.bearer_class is not BearerClass.REGISTRATION:
            token = tx.tokens.by_id(bearer.token_id)
            if token is None or token.ended_at is not None or expired(token.expires_at, self.now()):
                raise UnknownBearer
        present = replace(bearer, third_party=party)
        renewed = self.open_in(tx, present, permission.endpoint, permission.path, fetch=permission.fetch)
        if narrowings(renewed) != narrowings(permission):
            raise Withdrawn("The customer shares less now; ask again.")
        return renewed

    def _held(self, tx: Tx, bearer: Bearer, found: Authorization | None) -> Authorization | None:
        """The authorization of an access token, which must be alive."""
        if bearer.authorization_id is None:
            return None
        held = found or tx.authorizations.owned(bearer.authorization_id, bearer.third_party.id)
        if held is None or not held.stands(self.now()):
            raise UnknownBearer
        return held

    def _named(
        self, tx: Tx, bearer: Bearer, held: Authorization | None, endpoint: Endpoint, path: Mapping[str, str]
    ) -> Authorization | None:
        """The authorization that the call is about, where the id in the path is the bearer's own."""
        match endpoint.names_authorization:
            case None:
                return held
            case "application":
                own = path["application"] == bearer.third_party.application_id
            case "bulk":
                own = path["bulk"] == str(bearer.third_party.id)
            case "authorization":
                return self._listed(tx, bearer, path["authorization"])
            case name if bearer.bearer_class is BearerClass.CLIENT:
                return self._fetched(tx, bearer, path[name])
            case name:
                own = held is not None and path[name] == str(held.id)
        if not own:
            raise NotCovered
        return held

    def _listed(self, tx: Tx, bearer: Bearer, text: str) -> Authorization:
        """An entry of the bearer's Authorization feed, ended ones too."""
        named = self._owned(tx, bearer, text)
        if bearer.bearer_class is BearerClass.TEST_CLIENT and named.entry not in OWN_ENTRIES:
            raise NotCovered
        return named

    def _fetched(self, tx: Tx, bearer: Bearer, text: str) -> Authorization:
        """The authorization whose prepared file a client token asks for; an ended one too, to be told so last."""
        named = self._owned(tx, bearer, text)
        if named.entry is not Entry.CUSTOMER:
            raise NotCovered
        if named.state is not State.ENDED and not named.stands(self.now()):
            raise NotCovered
        return named

    @staticmethod
    def _owned(tx: Tx, bearer: Bearer, text: str) -> Authorization:
        # asked in every case, so that what is nobody's takes as long as what is somebody's
        named = tx.authorizations.owned(number(text), bearer.third_party.id)
        if named is None or str(named.id) != text:
            raise NotCovered
        return named


def narrowings(permission: Permission) -> int:
    """Which narrowing was the last of what a permission opens."""
    return 0 if permission.authorization is None else permission.authorization.narrowed


def has_class(bearer: Bearer, endpoint: Endpoint, *, fetch: bool) -> bool:
    """Whether a row takes this class of token."""
    if bearer.bearer_class in {CLASSES.get(token) for token in (endpoint.token, *endpoint.also)}:
        return True
    if bearer.bearer_class is BearerClass.TEST_CLIENT:
        return endpoint.test_token
    fetched = fetch and endpoint.answer is Answer.LATER
    return fetched and bearer.bearer_class in {CLASSES.get(token) for token in endpoint.fetched_by}


def is_for(third_party: ThirdParty, endpoint: Endpoint) -> bool:
    """Whether a row is for this third party, as it stands."""
    if third_party.standing in (Standing.SUSPENDED, Standing.REVOKED):
        return False
    return third_party.role in endpoint.roles and third_party.user_type in endpoint.user_types


def number(text: str) -> int:
    """The id that a path names; 0, which is nobody's, where it is no plain decimal number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0
