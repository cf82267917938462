"""The page of one's own use: a chart, and beside it the table that says the same. The only page with a script."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from wattshare.custodian.model.errors import NotCovered
from wattshare.custodian.services.bars import Bar
from wattshare.custodian.services.finding import PAGE, found, paged
from wattshare.custodian.services.own_usage import OwnUsage, Span, Usage, Way
from wattshare.custodian.services.tongues import Tongue, in_zone, said
from wattshare.custodian.web import words
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.drawing import HEIGHT, PLACES, WIDTH
from wattshare.custodian.web.lobby import Lobby
from wattshare.custodian.web.pages import Pages
from wattshare.custodian.web.routes import Route
from wattshare.custodian.web.wishes import number_of, read_day
from wattshare.espi.days import day_bounds, day_of
from wattshare.espi.endpoints import Token

DAY = 86_400
# of an amount in the table
SMALLEST = Decimal(1).scaleb(-(PLACES + 1))
# seconds of a day on which no clock is put forward or back
WHOLE = 86_400
# below the bars, for the lines that mark some of them
MARK_ROOM = 14
SPANS = {Span.DAY: said("Day"), Span.MONTH: said("Month"), Span.YEAR: said("Year")}
# what a table's rows are, and the words that lead to the stretch before and after
ROWS = {Span.DAY: said("Time"), Span.MONTH: said("Day"), Span.YEAR: said("Month")}
BEFORE = {Span.DAY: said("Day before"), Span.MONTH: said("Month before"), Span.YEAR: said("Year before")}
AFTER = {Span.DAY: said("Day after"), Span.MONTH: said("Month after"), Span.YEAR: said("Year after")}
SHORTER = said("This day has %(count)s hours: the clocks went forward.")
LONGER = said("This day has %(count)s hours: the clocks went back.")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row of the table, and one bar of the chart."""

    label: str
    amount: str
    # the words that mark it
    note: str
    # as the chart reads it; "" where there is nothing
    value: str
    marked: bool


@dataclass(frozen=True, kw_only=True)
class OwnUsagePages:
    """Handlers of a customer's own use."""

    lobby: Lobby
    pages: Pages
    usage: OwnUsage

    def routes(self) -> tuple[Route, ...]:
        """The page, and what it alone loads."""
        return (
            Route(path="/sharing/usage", token=Token.SESSION, handler=self.page),
            Route(path="/static/usage.js", token=Token.NONE, handler=self.pages.file("usage.js")),
            *(
                Route(path=f"/static/vendor/{name}", token=Token.NONE, handler=self.pages.file(f"vendor/{name}"))
                for name in ("uplot/uPlot.iife.min.js", "uplot/uPlot.min.css")
            ),
        )

    def page(self, call: Call) -> Response:
        """The chart of one service; which, where there are several and none is named."""
        if (known := self.lobby.customer(call)) is None:
            return self.lobby.sign_in_first(call)
        _, customer_id = known
        mine = self.usage.services(customer_id)
        agreement_id = number_of(call, "service")
        if agreement_id is None and len(mine) == 1:
            agreement_id = mine[0].agreement.id
        if agreement_id is None:
            return self._services(call, customer_id)
        span = next((span for span in Span if span == call.query.first("by")), Span.DAY)
        day = read_day(call.query.first("on") or "")
        try:
            shown = self.usage.usage(customer_id, agreement_id, number_of(call, "way"), span, day)
        except NotCovered:
            return self._nothing(call)
        return self._chart(call, shown, several=len(mine) > 1)

    def _services(self, call: Call, customer_id: int) -> Response:
        tongue, text = self.pages.tongue(call), (call.query.first("find") or "")[:200]
        mine = self.usage.services(customer_id)
        few = paged(found(mine, text), number_of(call, "page") or 1)
        return self.pages.draw(
            call,
            "services.html",
            listed=[(one.agreement.id, words.place(tongue, one), words.hint(tongue, one)) for one in few.items],
            few=few,
            find=text,
            many=len(mine) > PAGE,
            address=lambda number: f"/sharing/usage?{urlencode({'find': text, 'page': number})}",
        )

    def _nothing(self, call: Call) -> Response:
        tongue = self.pages.tongue(call)
        return self.pages.message(
            call,
            tongue.say("There is no use to show"),
            tongue.say("This is not one of your services, or nothing was metered for it yet."),
            status=404,
            onward=("/sharing", tongue.say("My data sharing")),
        )

    def _chart(self, call: Call, shown: Usage, *, several: bool) -> Response:
        tongue, zone = self.pages.tongue(call), self.pages.zone
        lines = list(in_words(tongue, shown, zone))
        return self.pages.draw(
            call,
            "usage.html",
            script=True,
            title=named(tongue, shown.way, self._what(tongue, shown)),
            place=words.place(tongue, shown.service),
            stretch=stretch(tongue, shown),
            unit=shown.way.measure.unit,
            total=tongue.number(shown.total, PLACES),
            most=most(shown, lines),
            marks=marks(tongue, shown.bars),
            hours=hours(tongue, shown, zone),
            lines=lines,
            drawn=drawn(shown.bars),
            rows=tongue.say(ROWS[shown.span]),
            spans=[(tongue.say(SPANS[span]), span is shown.span, self._at(shown, span=span)) for span in Span],
            ways=[
                (named(tongue, way, self._what(tongue, shown)), way is shown.way, self._at(shown, way=way))
                for way in shown.ways
            ],
            before=(tongue.say(BEFORE[shown.span]), self._at(shown, on=shown.before)) if shown.before else None,
            after=(tongue.say(AFTER[shown.span]), self._at(shown, on=shown.after)) if shown.after else None,
            shown=shown,
            several=several,
        )

    @staticmethod
    def _what(tongue: Tongue, shown: Usage) -> str:
        return tongue.say(words.USES.get(shown.service.usage_point.commodity, words.USE))

    @staticmethod
    def _at(shown: Usage, *, span: Span | None = None, way: Way | None = None, on: date | None = None) -> str:
        """The address of another view of the same service."""
        # a stretch that has the present one in it, or is in it: not past the last day
        day = on or min(shown.first if span is None else shown.last, shown.latest or shown.last)
        asked = {
            "service": shown.service.agreement.id,
            "way": (way or shown.way).number,
            "by": (span or shown.span).value,
            "on": day.isoformat(),
        }
        return f"/sharing/usage?{urlencode(asked)}"


def named(tongue: Tongue, way: Way, what: str) -> str:
    """What is metered in a direction."""
    return tongue.say("%(what)s, sent to the grid", what=what) if way.measure.received else what


def stretch(tongue: Tongue, shown: Usage) -> str:
    """Which day, month or year is shown."""
    match shown.span:
        case Span.DAY:
            return tongue.day(shown.first)
        case Span.MONTH:
            name = tongue.month(shown.first)
            return name[:1].upper() + name[1:]
        case Span.YEAR:
            return str(shown.first.year)


def hours(tongue: Tongue, shown: Usage, zone: ZoneInfo) -> str:
    """What a day is told apart by on which the clocks are changed."""
    if shown.span is not Span.DAY:
        return ""
    start, end = day_bounds(shown.first, zone)
    if end - start == WHOLE:
        return ""
    return tongue.say(SHORTER if end - start < WHOLE else LONGER, count=tongue.number((end - start) // 3_600))


def in_words(tongue: Tongue, shown: Usage, zone: ZoneInfo) -> Iterator[Line]:
    """Every bar as a row."""
    labels = [label(tongue, bar, shown.span, zone) for bar in shown.bars]
    counted, amount_of = Counter(labels), shown.way.measure.amount
    least = decimals(amount_of(bar.value) for bar in shown.bars if bar.value is not None)
    for bar, name in zip(shown.bars, labels, strict=True):
        # an hour that comes twice
        zoned = f"{name} {in_zone(bar.start, zone).tzname()}" if counted[name] > 1 else name
        amount = None if bar.value is None else amount_of(bar.value)
        yield Line(
            label=zoned,
            amount="–" if amount is None else tongue.number(amount, PLACES + 1, least=least),
            note=note(tongue, bar, shown.span),
            value="" if amount is None else f"{amount:f}",
            marked=bar.marked,
        )


def decimals(amounts: Iterable[Decimal]) -> int:
    """How many decimal places a column has: as many as the one of its numbers that needs most, and no more than fit."""
    rounded = (amount.quantize(SMALLEST).normalize().as_tuple().exponent for amount in amounts)
    return max((-places for places in rounded if isinstance(places, int) and places < 0), default=0)


def label(tongue: Tongue, bar: Bar, span: Span, zone: ZoneInfo) -> str:
    """When a bar is."""
    match span:
        case Span.DAY:
            return tongue.time(in_zone(bar.start, zone))
        case Span.MONTH:
            return tongue.short_day(day_of(bar.start, zone))
        case Span.YEAR:
            return tongue.month_names()[day_of(bar.start, zone).month - 1]


def note(tongue: Tongue, bar: Bar, span: Span) -> str:
    """What is special about a bar."""
    if bar.value is None:
        return tongue.say("No reading")
    if span is Span.DAY:
        told = [tongue.say(mark) for mark, is_so in ((said("estimated"), bar.estimated),) if is_so]
        told += [tongue.say(mark) for mark, is_so in ((said("corrected"), bar.corrected),) if is_so]
        return tongue.joined(told) if told else ""
    told = [*marks(tongue, (bar,))]
    if bar.missing:
        told.append(tongue.many("%(count)s day without a reading", "%(count)s days without a reading", bar.missing))
    if bar.longest:
        told.append(tongue.many("one reading for %(count)s day", "one reading for %(count)s days", bar.longest // DAY))
    return ", ".join(told)


def marks(tongue: Tongue, bars: Iterable[Bar]) -> list[str]:
    """How many readings are not as they were first metered."""
    every = tuple(bars)
    estimated, corrected = sum(bar.estimated for bar in every), sum(bar.corrected for bar in every)
    told = []
    if estimated:
        told.append(tongue.many("%(count)s estimated reading", "%(count)s estimated readings", estimated))
    if corrected:
        told.append(tongue.many("%(count)s corrected reading", "%(count)s corrected readings", corrected))
    return told


def most(shown: Usage, lines: list[Line]) -> str:
    """The highest bar."""
    known = [(bar.value, -place) for place, bar in enumerate(shown.bars) if bar.value is not None]
    if len(known) < 2:
        return ""
    line = lines[-max(known)[1]]
    return f"{line.amount} {shown.way.measure.unit} ({line.label})"


def drawn(bars: tuple[Bar, ...]) -> dict[str, str]:
    """Bars as outlines, and a line under those that are marked. Places are whole numbers."""
    values = [bar.value or 0 for bar in bars]
    low, high = min((0, *values)), max((0, *values))
    if low == high:
        return {"bars": "", "marks": "", "ground": ""}
    room = HEIGHT - MARK_ROOM
    ground = 4 + (room - 8) * high // (high - low)
    outlines, marked = [], []
    for place, bar in enumerate(bars):
        left, right = WIDTH * place // len(bars), WIDTH * (place + 1) // len(bars)
        gap = (right - left) // 8
        top = ground - (room - 8) * (bar.value or 0) // (high - low)
        if bar.value:
            outlines.append(f"M{left + gap} {ground}V{top}H{right - gap}V{ground}z")
        if bar.marked:
            marked.append(f"M{left} {HEIGHT - 4}H{right}")
    return {"bars": "".join(outlines), "marks": "".join(marked), "ground": f"M0 {ground}H{WIDTH}"}
