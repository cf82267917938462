"""A house with faults: doubles around its handlers, its worker and its way out. It knows nothing of them itself."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from wattshare.custodian.exchange import Cause
from wattshare.custodian.house import House
from wattshare.custodian.model.authorization import Ending
from wattshare.custodian.model.errors import NotCovered, TooMany, Unavailable, Unknown, WrongCertificate
from wattshare.custodian.model.work import MAKE, BatchState, Job
from wattshare.custodian.outbound import Delivered, Failed, Outbound
from wattshare.custodian.sandbox.arrivals import Manners
from wattshare.custodian.sandbox.faults import Fault, Faults
from wattshare.custodian.web.call import Call, Handler, Response
from wattshare.custodian.web.routes import Route, Routes
from wattshare.custodian.worker.loop import Step, Worker
from wattshare.espi.profile import Profile

LATE_SECONDS, LOOK_SECONDS = 3_600, 60
SHORT_SECONDS = 20
SLOW_SECONDS = 5.0
BURST = 10


def manners_of(faults: Faults) -> Manners:
    """How readings come."""
    return Manners(missing=Fault.MISSING_DAY in faults, corrected=Fault.LATE_CORRECTION in faults)


def unruly(house: House, faults: Faults) -> House:
    """A house whose notices go astray."""
    outbound = cast(Outbound, Astray(inner=house.delivery.notices.outbound, faults=faults))
    notices = replace(house.delivery.notices, outbound=outbound)
    return replace(house, delivery=replace(house.delivery, notices=notices))


@dataclass(frozen=True, kw_only=True)
class Astray:
    """The way out, on which notices are lost or doubled."""

    inner: Outbound
    faults: Faults
    lost: set[str] = field(default_factory=set)

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Delivered | Failed:
        """Post, or not."""
        name = headers.get("webhook-id", "")
        if Fault.NOTICE_LOST_ONCE in self.faults and name not in self.lost:
            self.lost.add(name)
            return Failed(cause=Cause.TIMEOUT, milliseconds=0)
        outcome = self.inner.post(url, body, headers)
        if Fault.NOTICE_TWICE in self.faults and isinstance(outcome, Delivered):
            self.inner.post(url, body, headers)
        return outcome


def hand(worker: Worker, house: House, faults: Faults) -> Worker:
    """A worker that dawdles."""
    make = worker.steps[MAKE]

    def dawdle(job: Job) -> int | None:
        with house.store.read() as tx:
            batch = tx.batches.by_id(job.subject)
        if batch is not None and batch.state is BatchState.ORDERED:
            if Fault.ENDLESS_202 in faults:
                return house.now() + LOOK_SECONDS
            if Fault.LATE_BATCH in faults and house.now() < batch.ordered_at + LATE_SECONDS:
                # looked at meanwhile: the fault may be turned off
                return min(house.now() + LOOK_SECONDS, batch.ordered_at + LATE_SECONDS)
        return make(job)

    steps: dict[str, Step] = {**worker.steps, MAKE: dawdle}
    return replace(worker, steps=steps)


@dataclass
class Count:
    """Counts requests, from 1, for each fault that asks."""

    seen: dict[Fault, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, fault: Fault) -> int:
        """One more."""
        with self.lock:
            self.seen[fault] = self.seen.get(fault, 0) + 1
            return self.seen[fault]


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Stands before the handlers of a house."""

    house: House
    faults: Faults
    wait: Callable[[float], object] = time.sleep
    count: Count = field(default_factory=Count)
    # files of which somebody has stopped sharing: once each, so that who asks again gets the others
    cut: set[str] = field(default_factory=set)

    def around(self, table: Callable[[House], Routes]) -> Routes:
        """The routes of a house, each behind the faults."""
        hasty = self.house.settings.model_copy(update={"access_seconds": SHORT_SECONDS})
        short = replace(self.house, settings=hasty)
        hurried = {
            (place.template, method): route.handler
            for place in table(short).places
            for method, route in place.methods.items()
        }
        places = tuple(
            replace(
                place,
                methods={
                    method: self._behind(route, hurried[place.template, method])
                    for method, route in place.methods.items()
                },
            )
            for place in table(self.house).places
        )
        return Routes(places)

    def _behind(self, route: Route, hurried: Handler) -> Route:
        profile: Profile = self.house.profile
        if route.path.startswith((profile.resource_root, profile.own_root)):
            return replace(route, handler=lambda call: self._resource(call, route.handler))
        if route.path.startswith((profile.oauth_root, profile.test_oauth_root)):
            return replace(route, handler=lambda call: self._oauth(call, route, hurried))
        return route

    def _oauth(self, call: Call, route: Route, hurried: Handler) -> Response:
        if Fault.EXPIRED_CERTIFICATE in self.faults and route.method == "POST":
            raise WrongCertificate
        return (hurried if Fault.SHORT_TOKENS in self.faults else route.handler)(call)

    def _resource(self, call: Call, handler: Handler) -> Response:
        on = self.faults.on()
        if Fault.EXPIRED_CERTIFICATE in on:
            raise WrongCertificate
        if Fault.SLOW_ANSWERS in on:
            self.wait(SLOW_SECONDS)
        if Fault.TOO_MANY in on and self.count(Fault.TOO_MANY) % 2:
            raise TooMany(retry_after=1)
        if Fault.BURSTS_OF_5XX in on:
            place = self.count(Fault.BURSTS_OF_5XX) % BURST
            if place == 1:
                return Response.json({"correlation_id": call.correlation_id}, status=502)
            if place == 2:
                raise Unavailable(retry_after=1)
        response = handler(call)
        part = call.query.first("correlationID")
        whole = part is not None and part not in self.cut and response.status in (200, 206)
        if Fault.REVOKED_IN_MID_DOWNLOAD in on and part is not None and whole:
            self.cut.add(part)
            return self._cut(response, part)
        return response

    def _cut(self, response: Response, part: str) -> Response:
        """An answer in the middle of which somebody in it stops sharing."""
        body = response.body

        def pieces() -> Iterator[bytes]:
            whole = iter((body,)) if isinstance(body, bytes) else body
            yield next(whole, b"")[:1]
            self._withdraw(part)
            # as the house says it of a file that is made again: 503 where no byte has left
            raise Unavailable(retry_after=1)

        return replace(response, body=pieces(), file=None)

    def _withdraw(self, part: str) -> None:
        with self.house.store.read() as tx:
            inside = tx.batches.authorizations_in(part)
        for authorization_id in inside[:1]:
            try:
                self.house.consent.withdraw(authorization_id, Ending.CUSTOMER)
            except (Unknown, NotCovered):
                # ended already, by another download
                continue
