"""The funnel: how far customers come with an app's request, and where they give up. Counts, and nothing of anybody."""

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from wattshare.custodian.model.authorization import State
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.errors import BadRequest, Unknown
from wattshare.custodian.model.funnel import (
    Dimension,
    Fate,
    Passage,
    Step,
    Told,
    exact,
    guarded,
    together,
)
from wattshare.custodian.services.overview import looks
from wattshare.custodian.store.database import Store, Tx
from wattshare.espi.days import day_of, midnight

# so many at a time: writers do not wait long for it
CHUNK = 200
# data that has not come by then does not come any more
DELIVERY_DAYS = 30
# shown where no first day is named
DAYS = 30
DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class Funnel:
    """Counts requests, not pages: a request moves forward only."""

    store: Store
    now: Clock
    zone: ZoneInfo

    # on the way

    def arrive(self, request_id: str, third_party_id: int, *, device: str, language: str, way: str = "") -> None:
        """An app's request was taken; with `way`, of somebody who is signed in already."""
        passage = Passage(
            request_id=request_id,
            third_party_id=third_party_id,
            day=midnight(day_of(self.now(), self.zone), self.zone),
            device=device,
            language=language,
            way=way,
            step=Step.AUTHENTICATED if way else Step.ARRIVED,
        )
        with self.store.begin() as tx:
            tx.funnel.begin(passage)

    def reach(self, request_id: str, step: Step, *, language: str, way: str = "") -> None:
        """The customer came to a step of a request. Without a request nothing is counted."""
        if not request_id:
            return
        with self.store.begin() as tx:
            tx.funnel.reach(request_id, step, language=language, way=way)

    def decline(self, request_id: str) -> None:
        """The customer said no."""
        with self.store.begin() as tx:
            tx.funnel.close(request_id, Fate.DECLINED)

    def settle(self) -> int:
        """Count what is over: given up, lapsed, delivered. How many. It may be done twice."""
        return self._settle_left() + self._settle_decided()

    def _settle_left(self) -> int:
        settled = 0
        while True:
            with self.store.read() as tx:
                left = tx.funnel.left(self.now(), CHUNK)
            if left:
                with self.store.begin() as tx:
                    settled += sum(tx.funnel.close(request_id, Fate.OVER) for request_id in left)
            if len(left) < CHUNK:
                return settled

    def _settle_decided(self) -> int:
        settled, after = 0, ""
        while True:
            with self.store.read() as tx:
                found = tx.funnel.decided(after, CHUNK)
                ends = {passage.request_id: end for passage in found if (end := self._end(tx, passage)) is not None}
            for request_id, step in ends.items():
                with self.store.begin() as tx:
                    settled += tx.funnel.close(request_id, Fate.OVER, step)
            if len(found) < CHUNK:
                return settled
            after = found[-1].request_id

    def _end(self, tx: Tx, passage: Passage) -> Step | None:
        """The last step of a request that is over; None while it is on its way."""
        held = tx.authorizations.by_id(passage.authorization_id or 0)
        if held is None:
            return passage.step
        if passage.step is Step.EXCHANGED and looks(tx, held):
            return Step.DELIVERED
        late = passage.day + (DELIVERY_DAYS + 1) * DAY <= self.now()
        return passage.step if held.state is State.ENDED or late else None

    # what is told

    def report(self, first: date | None, last: date | None, app: str | None, *, every: bool) -> tuple[Told, ...]:
        """Of all requests that arrived on these days, and by app, device, language and way in.

        `every`: small counts too, for nobody but the operator.

        Raises:
            BadRequest: the days end before they begin.
            Unknown: there is no such app.
        """
        first, last = self.stretch(first, last)
        self.settle()
        bounds = midnight(first, self.zone), midnight(last, self.zone)
        line = exact if every else guarded
        with self.store.read() as tx:
            names = {party.id: party.name for party in tx.parties.every()}
            chosen = next((number for number, name in names.items() if name == app), None)
            if app is not None and chosen is None:
                raise Unknown(f"There is no third party named {app!r}.", field="app")
            total = line(None, "", tx.funnel.counts(*bounds, chosen, None).get("", {}))
            told = [total]
            for dimension in Dimension:
                counted = tx.funnel.counts(*bounds, chosen, dimension)
                named = {names.get(value, "") if isinstance(value, int) else value: value for value in counted}
                lines = [line(dimension, name, counted[named[name]]) for name in sorted(named)]
                told += lines if every else together(total, lines)
        return tuple(told)

    def stretch(self, first: date | None, last: date | None) -> tuple[date, date]:
        """The days that are meant.

        Raises:
            BadRequest: they end before they begin.
        """
        last = last or day_of(self.now(), self.zone)
        first = first or last - timedelta(days=DAYS - 1)
        if last < first:
            raise BadRequest(f"The last day, {last}, is before the first, {first}.", field="to")
        return first, last
