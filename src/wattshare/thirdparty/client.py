"""The client: every row of the table as a call."""

import threading
import uuid
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

import httpx2

from wattshare.espi.endpoints import Answer, Endpoint, Root, Token, by_name
from wattshare.espi.usage import ServiceStatus
from wattshare.espi.window import Window
from wattshare.thirdparty.arriving import expected, spool, start
from wattshare.thirdparty.authorizations import HeldAuthorization, held
from wattshare.thirdparty.bearers import Bearers
from wattshare.thirdparty.custodian import Custodian
from wattshare.thirdparty.errors import (
    Accepted,
    Failed,
    NoData,
    Refused,
    TokenRefused,
    Unreadable,
    correlation_id,
    refusal,
    unreachable,
)
from wattshare.thirdparty.grants import Grants
from wattshare.thirdparty.orders import OrderStatus, known_id, order_id, read_status
from wattshare.thirdparty.partial import NO_SUCH_RANGE, Partial
from wattshare.thirdparty.reply import Reply
from wattshare.thirdparty.retries import Patience
from wattshare.thirdparty.tokens import MemoryTokenStore, Tokens, TokenStore
from wattshare.thirdparty.windows import Moment, usage_days

# path parameters that name the customer's authorization
SUBSCRIPTION_NAMES = ("subscription", "retail_customer")


def utc_now() -> datetime:
    """The clock of those who bring no other."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """A file that the custodian prepares; a notice will name its address, or several."""

    endpoint: Endpoint
    # of the order, without its window
    url: str
    window: Window | None
    # our own label, which the notice and the file carry back where the custodian supports that
    transaction: str
    correlation_id: str | None
    at: datetime
    # of the order's status page, where the custodian has such
    id: str | None = None

    def is_told_by(self, url: str) -> bool:
        """Whether an address out of a notice belongs to this order's row and ids."""
        return url.partition("?")[0].rstrip("/") == self.url.rstrip("/")


class Client:
    """Asks one custodian on behalf of one third party. Several threads may share it.

    ::

        client = Client(Custodian.read(Path("custodian.toml")), store=FileTokenStore(Path("tokens.json")))
        for measured in readings(client.batch(4100001, 5390000001, since=date(2024, 5, 1))):
            ...
    """

    def __init__(
        self,
        custodian: Custodian,
        *,
        store: TokenStore | None = None,
        transport: httpx2.BaseTransport | None = None,
        now: Callable[[], datetime] = utc_now,
        patience: Patience | None = None,
        test: bool = False,
    ) -> None:
        """`test` takes client tokens from the test endpoint: the registration's connectivity test."""
        self.custodian = custodian
        self.store = store if store is not None else MemoryTokenStore()
        self.now = now
        self.patience = patience or Patience()
        self._transport = transport or httpx2.HTTPTransport(verify=custodian.tls())
        self._http = httpx2.Client(
            transport=self._transport, timeout=self.patience.timeout, headers={"user-agent": "wattshare"}
        )
        self.grants = Grants(custodian=custodian, transport=self._transport, now=now, patience=self.patience, test=test)
        self._bearers = Bearers(custodian, self.store, self.grants, now)
        self._bulk_id = custodian.bulk_id
        self._bulk_lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the connections go."""
        self._http.close()

    def call(
        self,
        name: str,
        *,
        window: Window | None = None,
        of: str | int | None = None,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        transaction: str | None = None,
        **ids: str | int,
    ) -> Reply:
        """Any row by its name in `wattshare.espi.endpoints`.

        `of` says whose token opens a row that names no customer, such as `reading-types`; with one customer
        it may be left out. A row that is answered later answers 202 here: `order` is made for those.

        Raises:
            Refused: the custodian says no; its subclasses say why.
            Unreachable: it does not answer.
            ConsentNeeded: there is no usable token.
        """
        endpoint = by_name(name)
        if endpoint.root is Root.THIRD_PARTY:
            raise ValueError("notices are received, not sent: see wattshare.thirdparty.receiver")
        url = self.custodian.href(endpoint, **ids)
        reply = self._ask(
            endpoint,
            url,
            token=endpoint.token,
            subscription=_subscription(ids, of),
            query={**(window.query() if window else {}), **(query or {})},
            form=form,
            headers={"x-transaction": transaction} if transaction else {},
        )
        if reply.status == 202 and endpoint.answer not in (Answer.LATER, Answer.REPLAY):
            raise Accepted(f"{name} will be told by a notice.")
        return reply

    def order(self, name: str, *, window: Window | None = None, **ids: str | int) -> Ordered:
        """Order the file of a row that is answered later.

        Raises:
            NoData: the custodian knows already that there is nothing.
            Refused: as for `call`.
        """
        endpoint, transaction = by_name(name), str(uuid.uuid4())
        if endpoint.answer is not Answer.LATER:
            raise ValueError(f"{name} is answered at once: use call")
        reply = self.call(name, window=window, of=None, query=None, form=None, transaction=transaction, **ids)
        if reply.status == 204:
            raise NoData(f"{name} has nothing in the window.")
        if reply.status != 202:
            raise Unreadable(f"{name} was answered {reply.status} in the place of 202.")
        return Ordered(
            endpoint=endpoint,
            url=self.custodian.href(endpoint, **ids),
            window=window,
            transaction=transaction,
            correlation_id=correlation_id(reply.headers),
            at=self.now(),
            id=order_id(reply, self.custodian),
        )

    def order_status(self, order: Ordered | str) -> OrderStatus:
        """How far an order is: the order itself or its id.

        Raises:
            Failed: the custodian has no page for it.
            NotFound: there is no such order of this third party.
        """
        return read_status(self.call("order", order=known_id(order.id if isinstance(order, Ordered) else order)))

    def cancel(self, order: Ordered | str) -> OrderStatus:
        """Let an order not be made, or its files be thrown away; no notice tells of it.

        Raises:
            Failed, NotFound: as `order_status`.
        """
        named = known_id(order.id if isinstance(order, Ordered) else order)
        return read_status(self.call("cancel-order", order=named))

    def fetch(self, url: str, *, into: Partial | None = None) -> Reply:
        """What a notice told of, its query kept as it is, with the token that fits.

        With `into` what broke off goes on where it was, now or after a restart; drop it when its reply is saved.

        Raises:
            ForeignAddress: it is not below the custodian's resources; nothing was sent.
            Accepted: it is not ready yet.
            NotFound: its file is gone; order again.
        """
        endpoint, ids = self.custodian.recognise(url)
        subscription = _subscription(ids, None)
        token = endpoint.token
        if Token.CLIENT in endpoint.fetched_by and not (subscription and self.store.find(subscription)):
            token = Token.CLIENT
        try:
            reply = self._ask(endpoint, url, token=token, subscription=subscription, into=into)
        except Refused as refused:
            if into is None or refused.status != NO_SUCH_RANGE:
                raise
            # all of it was there before, and is checked by fetching it once more
            into.drop()
            reply = self._ask(endpoint, url, token=token, subscription=subscription, into=into)
        if reply.status == 202:
            raise Accepted(f"{endpoint.name} is not ready yet.")
        return reply

    # the steps of a connection

    def redeem(self, code: str, *, redirect_uri: str, verifier: str | None = None) -> Tokens:
        """Tokens for a code that a browser brought back, kept before they are returned.

        Raises:
            GrantRefused: the code is used, expired, or not for this redirect URI.
        """
        tokens = self.grants.redeem(code, redirect_uri=redirect_uri, verifier=verifier)
        self.store.keep(tokens)
        return tokens

    def authorizations(self) -> tuple[HeldAuthorization, ...]:
        """All that this third party holds: its registration, its bulk entry, and its customers'."""
        return tuple(held(entry) for entry in self.call("authorizations").entries())

    def authorization(self, authorization: str | int) -> HeldAuthorization:
        """One of them."""
        return held(self.call("authorization", authorization=authorization).only())

    def revoke(self, authorization: str | int) -> None:
        """End a customer's authorization, and forget its tokens."""
        self.call("revoke-authorization", authorization=authorization)
        self.store.drop(str(authorization))

    # usage and bills

    def usage_points(self, subscription: str | int) -> Reply:
        """The usage points of one authorization."""
        return self.call("usage-points", subscription=subscription)

    def batch(
        self,
        subscription: str | int,
        usage_point: str | int,
        since: Moment | None = None,
        until: Moment | None = None,
    ) -> Reply:
        """All usage and billing of one usage point, from day to day, both in."""
        window = usage_days(since, until, self.custodian.profile)
        return self.call("batch-usage-point", window=window, subscription=subscription, usage_point=usage_point)

    def subscription(
        self, subscription: str | int, since: Moment | None = None, until: Moment | None = None
    ) -> Ordered:
        """Order all usage and billing of one authorization."""
        window = usage_days(since, until, self.custodian.profile)
        return self.order("batch-subscription", window=window, subscription=subscription)

    def bulk(self, since: Moment | None = None, until: Moment | None = None) -> Ordered:
        """Order all usage and billing of all authorizations; without bounds, what is new."""
        window = usage_days(since, until, self.custodian.profile)
        return self.order("batch-bulk", window=window, bulk=self.bulk_id())

    # customers and programmes

    def customer(self, retail_customer: str | int) -> Reply:
        """Names, accounts, agreements, places and meters of one authorization."""
        return self.call("batch-retail-customer", retail_customer=retail_customer)

    def programs(self, retail_customer: str | int) -> Reply:
        """The demand response programmes of one authorization."""
        return self.call("batch-programs", retail_customer=retail_customer)

    def bulk_customers(self) -> Ordered:
        """Order the customers of all authorizations."""
        return self.order("batch-bulk-retail-customers", bulk=self.bulk_id())

    def bulk_programs(self) -> Ordered:
        """Order the demand response programmes of all authorizations."""
        return self.order("batch-bulk-programs", bulk=self.bulk_id())

    def bulk_id(self) -> str:
        """The id of the bulk rows: configured, or learned from the bulk entry of the authorizations."""
        with self._bulk_lock:
            if self._bulk_id is None:
                entries = self.authorizations()
                self._bulk_id = next((each.bulk_id for each in entries if each.bulk_id), None)
            if self._bulk_id is None:
                raise Failed("The custodian lists no bulk entry for this third party.")
            return self._bulk_id

    # the service itself

    def status(self) -> bool:
        """Whether the service says that it is up."""
        status = self.call("service-status").element()
        if not isinstance(status, ServiceStatus):
            raise Unreadable(f"The status row answered a {type(status).__name__}.")
        return status.current_status == 1

    def sample_data(self) -> Reply:
        """A usage feed of nobody's."""
        return self.call("sample-data")

    def application_information(self) -> Reply:
        """This third party's own registration."""
        application = self.custodian.application_id
        if application is None:
            raise Failed("The row needs the id of the registration, `application_id`, which is not configured.")
        return self.call("application-information", application=application)

    def _ask(
        self,
        endpoint: Endpoint,
        url: str,
        *,
        token: Token,
        subscription: str | None,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        into: Partial | None = None,
    ) -> Reply:
        """One exchange: with patience, and with another token once where the first is refused."""

        def request(bearer: str | None) -> Reply:
            shown = {**(headers or {}), **({"authorization": f"Bearer {bearer}"} if bearer else {})}
            basic = (self.custodian.client_id, self.custodian.client_secret) if token is Token.BASIC else None

            def attempt() -> Reply:
                said = {**shown, **(into.headers() if into else {})}
                asked = self._http.build_request(endpoint.method, url, params=query or None, data=form, headers=said)
                return self._send(endpoint, asked, basic, into)

            return self.patience.insist(attempt, once=endpoint.method != "GET")

        if token in (Token.NONE, Token.BASIC, Token.SESSION):
            return request(None)
        bearer = self._bearers.show(token, subscription)
        try:
            return request(bearer)
        except TokenRefused:
            other = self._bearers.replace(token, subscription, refused=bearer)
            if other is None:
                raise
            return request(other)

    def _send(
        self, endpoint: Endpoint, request: httpx2.Request, basic: tuple[str, str] | None, into: Partial | None
    ) -> Reply:
        asked = f"{request.method} {request.url.copy_with(query=None)}"
        try:
            response = self._http.send(request, auth=httpx2.BasicAuth(*basic) if basic else None, stream=True)
            with closing(response):
                return self._received(endpoint, response, asked, into)
        except httpx2.TransportError as error:
            raise unreachable(error, asked) from error

    def _received(self, endpoint: Endpoint, response: httpx2.Response, asked: str, into: Partial | None) -> Reply:
        if response.status_code >= 400:
            raise refusal(response.status_code, response.headers, start(response), asked=asked, now=self.now())
        stretch = into is not None and response.status_code == 206
        return Reply(
            endpoint=endpoint,
            url=str(response.request.url),
            status=200 if stretch else expected(response, endpoint, asked),
            headers=response.headers,
            body=into.receive(response) if into and response.status_code in (200, 206) else spool(response),
        )


def _subscription(ids: Mapping[str, str | int], of: str | int | None) -> str | None:
    named = next((ids[name] for name in SUBSCRIPTION_NAMES if name in ids), of)
    return None if named is None else str(named)
