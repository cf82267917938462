"""The handler of every row of the resource API: parse, ask one service, answer."""

import re
from dataclasses import dataclass
from functools import partial

from wattshare.custodian.model.authorization import Ending
from wattshare.custodian.model.errors import BadRequest, Refusal, Unavailable
from wattshare.custodian.services.access import Permission
from wattshare.custodian.services.admission import Admission
from wattshare.custodian.services.batches import Batches
from wattshare.custodian.services.consent import Consent
from wattshare.custodian.services.disclosure.answers import Answered, Content
from wattshare.custodian.services.disclosure.disclosure import Disclosure, matches
from wattshare.custodian.services.disclosure.planned import Planned
from wattshare.custodian.services.disclosure.wirepath.member import Coding
from wattshare.custodian.services.fetching import Fetched, Fetching, Looked
from wattshare.custodian.services.orders import Orders
from wattshare.custodian.services.recent import ALONE, READ_ANEW, NotSeen, Proof, Seen
from wattshare.custodian.store.database import Tx
from wattshare.custodian.web.budgets import with_budgets
from wattshare.custodian.web.call import ATOM_TYPE, XML_TYPE, Call, FileStretch, Handler, Quick, Response
from wattshare.custodian.web.codings import wanted
from wattshare.custodian.web.errors import WrongMethod
from wattshare.custodian.web.ranges import insist, stretch
from wattshare.espi.endpoints import ENDPOINTS, Answer, Document, Endpoint, Root
from wattshare.espi.profile import Profile
from wattshare.espi.window import BadWindow, Window

# kept by its reader alone, and asked about before it is used again
KEPT = ("Cache-Control", "private, no-cache")
# said by 304 as by what it stands for. RFC 9110 §15.4.5
VARIED = ("Vary", "Accept-Encoding")
TRANSACTION = "x-transaction"
LONGEST_TRANSACTION = 128
# pages of a feed, which is always sent whole
PAGING = ("start-index", "max-results", "depth")
PAGE_NUMBER = re.compile(r"0*[1-9][0-9]{0,17}", re.ASCII)
# what is longer we send ourselves, to cut it when somebody in it withdraws
CUT_BYTES = 32 * 1024 * 1024
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Everything below the resource root."""

    admission: Admission
    disclosure: Disclosure
    batches: Batches
    fetching: Fetching
    orders: Orders
    consent: Consent
    profile: Profile
    # the place below which nginx sends prepared files; None: we do
    handed_over: str | None = None

    def handlers(self) -> dict[Endpoint, Handler]:
        """A handler for each row of the table that is a resource."""
        return {row: partial(self.handle, row) for row in ENDPOINTS if row.root is Root.RESOURCE}

    def quick(self) -> dict[Endpoint, Quick]:
        """What answers without the database, where it can."""
        return {row: partial(self.at_once, row) for row in self.handlers() if row.shape in ALONE and not row.window}

    def at_once(self, endpoint: Endpoint, call: Call) -> Response | None:
        """The answer out of what was seen in this second. What is refused then is asked about like all else."""
        try:
            seen = self.admission.seen(endpoint, call.authorization, call.certificate)
            if seen is None:
                return None
            planned = self.planned(seen, endpoint, call)
            found = None if planned is None else self.tell(seen.tx, planned, call)
        except (NotSeen, Refusal):
            return None
        # what owes nothing is not asked about again before it leaves; what is long is not for the loop
        if found is None or found.owed is None or not isinstance(found.body, bytes):
            return None
        return self.document(endpoint, found, seen.proof)

    def planned(self, seen: Seen, endpoint: Endpoint, call: Call) -> Planned | None:
        """What a call is told, decided once for all that ask for the same with the same token in this second."""
        asked = (endpoint.name, *call.path.values(), "" if call.certificate is None else call.certificate.sha256)
        planned = seen.planned.get(asked)
        if planned is None:
            permission = self.admission.recently(seen, endpoint, call.path, call.certificate)
            planned = self.disclosure.plan(seen.tx, permission, None)
            if planned is not None:
                seen.planned[asked] = planned
        return planned

    def tell(self, tx: Tx, planned: Planned, call: Call) -> Answered:
        """The answer of what was planned."""
        return self.disclosure.tell(
            tx,
            planned,
            known=call.headers.get("if-none-match"),
            as_gzip=wanted(call.accept_encoding).coding is Coding.GZIP,
            correlation_id=call.correlation_id,
        )

    def handle(self, endpoint: Endpoint, call: Call) -> Response:
        """Answer one call of one row."""
        if endpoint.answer is not Answer.REVOKE and endpoint.answer is not Answer.LATER:
            return self.send(endpoint, call)
        if endpoint.answer is Answer.LATER and "correlationID" in call.query:
            return self.fetch(endpoint, call)
        permission = self.open(endpoint, call)
        return with_budgets(self.answer(permission, endpoint, call), permission.budgets)

    def answer(self, permission: Permission, endpoint: Endpoint, call: Call) -> Response:
        """Answer a call that is permitted, and that changes something or orders a file."""
        if endpoint.answer is Answer.REVOKE:
            held = permission.named
            self.consent.withdraw(held, Ending.THIRD_PARTY, third_party_id=permission.third_party.id)
            return Response.empty(200)
        if call.method == "HEAD":
            # a look must not order anything
            raise WrongMethod("HEAD", ("GET",))
        return self.order(permission, call)

    def open(self, endpoint: Endpoint, call: Call) -> Permission:
        """Who asks, and whether they may."""
        return self.admission.admit(endpoint, call.path, authorization=call.authorization, certificate=call.certificate)

    def fetch(self, endpoint: Endpoint, call: Call) -> Response:
        """Send a prepared file: who asks, whether they may, and what there is of it are found in one view.

        Of who asked in this second, the file alone is looked for.
        """
        known = self.known(endpoint, call, fetch=True)
        if known is not None:
            return known
        admitted = self.admission.admitted(
            endpoint, call.path, authorization=call.authorization, certificate=call.certificate, fetch=True
        )
        with admitted as (permission, tx):
            looked = self.fetching.look(tx, part_of(call))
        return with_budgets(self.fetched(permission, call, looked), permission.budgets)

    def fetched(self, permission: Permission, call: Call, looked: Looked) -> Response:
        """The answer with a file, after the view in which it was looked for."""
        fetched = self.fetching.fetch(permission, part_of(call), call.correlation_id, looked)
        return self.send_part(permission, call, fetched)

    def send(self, endpoint: Endpoint, call: Call) -> Response:
        """Answer now: who asks, whether they may, and what they are told are found in one view of the database.

        Of who asked in this second, only what they are told is looked for.
        """
        known = self.known(endpoint, call) if endpoint.shape in READ_ANEW else None
        if known is not None:
            return known
        admitted = self.admission.admitted(
            endpoint, call.path, authorization=call.authorization, certificate=call.certificate
        )
        with admitted as (permission, tx):
            found = self.read(tx, permission, call)
        if found is None:
            return with_budgets(Response.empty(204), permission.budgets)
        self.disclosure.tested(permission, found)
        return with_budgets(self.document(endpoint, found), permission.budgets)

    def known(self, endpoint: Endpoint, call: Call, *, fetch: bool = False) -> Response | None:
        """The answer for who was seen in this second, if something is told; all else is found out anew."""
        if "if-none-match" in call.headers:
            # likely nothing is told, and nothing is asked about again then
            return None
        try:
            seen = self.admission.seen(endpoint, call.authorization, call.certificate, fetch=fetch)
            if seen is None:
                return None
            view = self.admission.known(seen, endpoint, call.path, call.certificate, fetch=fetch)
            with view as (permission, tx):
                found = self.fetching.look(tx, part_of(call)) if fetch else self.read(tx, permission, call)
            if isinstance(found, Looked):
                response = self.fetched(permission, call, found)
            elif found is not None:
                response = self.document(endpoint, found)
            else:
                return None
        except Unavailable:
            raise
        except (NotSeen, Refusal):
            return None
        return None if response.owed is None else response.but(proof=seen.proof)

    def read(self, tx: Tx, permission: Permission, call: Call) -> Answered | None:
        """What a call is told in a view of what it may see."""
        return self.disclosure.read(
            tx,
            permission,
            window(permission.endpoint, call, self.profile),
            known=call.headers.get("if-none-match"),
            as_gzip=wanted(call.accept_encoding).coding is Coding.GZIP,
            correlation_id=call.correlation_id,
        )

    @staticmethod
    def document(endpoint: Endpoint, answered: Answered, proof: Proof | None = None) -> Response:
        """A feed, an entry or an element. Feeds alone may be kept; an entry can be asked about by its validator."""
        kept: tuple[tuple[str, str], ...] = ()
        if answered.etag is not None:
            kept = (("ETag", f'"{answered.etag}"'),)
            kept = kept if endpoint.document is Document.ENTRY else (KEPT, *kept)
        if answered.unchanged:
            return Response.empty(304, headers=(*kept, VARIED))
        content_type = ATOM_TYPE if answered.content is Content.ATOM else XML_TYPE
        return Response(
            headers=kept,
            body=answered.body,
            content_type=content_type,
            compressible=True,
            still=answered.still,
            owed=answered.owed,
            proof=proof,
        )

    def order(self, permission: Permission, call: Call) -> Response:
        """Take an order for a file: 202 now, a notice later; Content-Location is where it can be looked at."""
        # an empty one names nothing
        transaction = call.headers.get(TRANSACTION) or None
        if transaction is not None and not (transaction.isprintable() and len(transaction) <= LONGEST_TRANSACTION):
            raise BadRequest(
                f"x-transaction has at most {LONGEST_TRANSACTION} printable characters.", field=TRANSACTION
            )
        batch = self.batches.order(permission, window(permission.endpoint, call, self.profile), transaction)
        echoed = () if batch.transaction is None else ((TRANSACTION, batch.transaction),)
        return Response.empty(202, headers=(("Content-Location", self.orders.address(batch)), *echoed))

    def send_part(self, permission: Permission, call: Call, fetched: Fetched) -> Response:
        """All of a prepared file, or a stretch of it: its gzip member as it is kept, or inflated on the way."""
        part = fetched.part
        echoed = () if fetched.transaction is None else ((TRANSACTION, fetched.transaction),)
        if fetched.path is None:
            return Response.empty(204, headers=echoed)
        gzipped = wanted(call.accept_encoding, (Coding.GZIP,)).coding is Coding.GZIP
        tag = f"{part.correlation_id}.{part.version}{'.gz' if gzipped else ''}"
        headers = (*echoed, KEPT, ("ETag", f'"{tag}"'), VARIED)
        insist(call.headers.get("if-match"), etag=f'"{tag}"')
        if matches(call.headers.get("if-none-match"), tag):
            return Response.empty(304, headers=headers)
        headers += (("Content-Encoding", "gzip"),) if gzipped else ()
        if gzipped and self.handed_over and part.gzip_bytes <= CUT_BYTES:
            accel = ("X-Accel-Redirect", f"{self.handed_over}{fetched.path.name}")
            return Response(headers=(*headers, accel), content_type=ATOM_TYPE, owed=fetched.owed)
        return self.stretch(permission, call, fetched, headers, gzipped=gzipped)

    def stretch(
        self, permission: Permission, call: Call, fetched: Fetched, headers: Headers, *, gzipped: bool
    ) -> Response:
        """All of a file, or the bytes of it that are asked for. Range is per representation."""
        part = fetched.part
        size = part.gzip_bytes if gzipped else part.identity_bytes
        asked = call.headers.get("range") if call.method == "GET" else None
        found = stretch(asked, call.headers.get("if-range"), etag=dict(headers)["ETag"], size=size)
        first, count = (0, size) if found is None else (found.first, found.count)
        headers += (("Accept-Ranges", "bytes"), ("Content-Length", str(count)))
        headers += () if found is None else (("Content-Range", found.of(size)),)
        still = partial(self.fetching.go_on, permission, part)
        return Response(
            status=200 if found is None else 206,
            headers=headers,
            body=self.fetching.pieces(permission, fetched, inflate=not gzipped, first=first, count=count),
            content_type=ATOM_TYPE,
            file=FileStretch(partial(self.fetching.open, fetched), first, count, still) if gzipped else None,
            still=still,
            owed=fetched.owed,
        )


def part_of(call: Call) -> str:
    """The part of a batch that a call fetches."""
    return call.query.one("correlationID") or ""


def window(endpoint: Endpoint, call: Call, profile: Profile) -> Window | None:
    """The window of a call; None where the row knows none and ignores every parameter.

    Raises:
        BadRequest: a bound cannot be read, or is there twice; or a page is no number, where the profile asks.
    """
    if not endpoint.window:
        return None
    if profile.paging_is_read:
        refuse_pages(call)
    names = ("published-min", "published-max", "updated-min", "updated-max")
    given = {name: value for name in names if (value := call.query.one(name)) is not None}
    try:
        return Window.read(given)
    except BadWindow as bad:
        raise BadRequest(str(bad), field=bad.parameter) from bad


def refuse_pages(call: Call) -> None:
    """See that what asks for a page is a number, though feeds are sent whole. FB 37, QRY002.

    Raises:
        BadRequest: it is none.
    """
    for name in PAGING:
        value = call.query.one(name)
        if value is not None and not PAGE_NUMBER.fullmatch(value):
            raise BadRequest(f"{name} is not a whole number from 1 on.", field=name)
