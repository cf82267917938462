"""Little samples of what would be shared, in words and as a curve. No floats: places on the curve are whole numbers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from wattshare.custodian.model.premises import Enrollment, ProgramEnrollment
from wattshare.custodian.services.own_data import Day, Sample
from wattshare.custodian.services.tongues import Tongue, in_zone
from wattshare.custodian.web import words
from wattshare.custodian.web.names import cut
from wattshare.espi.days import day_of
from wattshare.espi.kinds import Kind

# of the curve, in its own units
WIDTH, HEIGHT = 960, 160
# customer.xsd ProgramDateKind
ENROLLED = "CUST_DR_PROGRAM_ENROLLMENT_DATE"
# decimal places of an amount of energy
PLACES = 2


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One sample: its lines, and the curve of a day where there is one."""

    title: str
    lines: tuple[str, ...]
    # of an SVG path; "" where there is nothing to draw
    path: str = ""


def drawn_samples(tongue: Tongue, samples: Iterable[Sample], zone: ZoneInfo) -> dict[Kind, list[Drawn]]:
    """What each kind of data would show of these services."""
    known = tuple(samples)
    return {
        Kind.USAGE: [drawn for sample in known for drawn in usage(tongue, sample, zone)],
        Kind.BILLING: [drawn for sample in known for drawn in bill(tongue, sample)],
        Kind.BASIC: list(basic(tongue, known)),
        Kind.ACCOUNT: list(account(tongue, known)),
        Kind.PROGRAM_ENROLLMENT: [drawn for sample in known for drawn in programs(tongue, sample, zone)],
    }


def usage(tongue: Tongue, sample: Sample, zone: ZoneInfo) -> Iterator[Drawn]:
    """The last day of each channel."""
    for day in sample.days:
        what = tongue.say(words.USES.get(day.measure.commodity, words.USE))
        if day.measure.received:
            what = tongue.say("%(what)s, sent to the grid", what=what)
        place = words.place(tongue, sample.service)
        yield Drawn(
            title=tongue.say("%(what)s, %(place)s, %(day)s", what=what, place=place, day=tongue.weekday(day.day)),
            lines=tuple(told(tongue, day, zone)),
            path=curve(day) if len(day.readings) > 1 else "",
        )


def told(tongue: Tongue, day: Day, zone: ZoneInfo) -> Iterator[str]:
    """A day in two lines."""
    unit, amount = day.measure.unit, tongue.number(day.total, PLACES)
    if len(day.readings) == 1:
        yield tongue.say("%(amount)s %(unit)s that day", amount=amount, unit=unit)
        return
    yield tongue.many(
        "%(amount)s %(unit)s in %(count)s reading, %(step)s",
        "%(amount)s %(unit)s in %(count)s readings, %(step)s",
        len(day.readings),
        amount=amount,
        unit=unit,
        step=words.steps(tongue, day.measure.step),
    )
    most = max(day.readings, key=lambda reading: reading.value or 0)
    yield tongue.say(
        "Most at %(time)s: %(amount)s %(unit)s",
        time=tongue.time(in_zone(most.start, zone)),
        amount=tongue.number(day.measure.amount(most.value or 0), PLACES),
        unit=unit,
    )


def curve(day: Day) -> str:
    """The day as the outline of its readings: each as wide as it lasts and as high as its share of the highest."""
    most = max((reading.value or 0 for reading in day.readings), default=0)
    whole = max(day.end - day.start, 1)
    if most <= 0:
        return ""
    parts: list[str] = []
    last: int | None = None
    for reading in day.readings:
        left = (reading.start - day.start) * WIDTH // whole
        right = (reading.start + reading.duration - day.start) * WIDTH // whole
        top = HEIGHT - max(reading.value or 0, 0) * (HEIGHT - 4) // most
        parts.append(
            f"V{top}H{right}"
            if left == last
            else f"{'' if last is None else f'V{HEIGHT}'}M{left} {HEIGHT}V{top}H{right}"
        )
        last = right
    return "".join((*parts, f"V{HEIGHT}"))


def bill(tongue: Tongue, sample: Sample) -> Iterator[Drawn]:
    """The last bill."""
    if sample.bill is None or sample.billed is None:
        return
    lines = [tongue.say("Dated %(day)s", day=tongue.day(sample.billed))]
    if sample.bill.bill_last_period is not None:
        amount = tongue.money(sample.bill.bill_last_period, sample.bill.currency)
        lines.append(tongue.say("Amount: %(amount)s", amount=amount))
    if sample.bill.tariff_profile:
        lines.append(tongue.say("Rate plan: %(name)s", name=sample.bill.tariff_profile))
    what = words.commodity(tongue, sample.service)
    title = tongue.say("Last bill, %(what)s, %(place)s", what=what, place=words.place(tongue, sample.service))
    yield Drawn(title=title, lines=tuple(lines))


def basic(tongue: Tongue, samples: tuple[Sample, ...]) -> Iterator[Drawn]:
    """Name and address."""
    for sample in samples[:1]:
        places = dict.fromkeys(words.place(tongue, one.service) for one in samples)
        yield Drawn(title=sample.service.customer.name, lines=tuple(places))


def programs(tongue: Tongue, sample: Sample, zone: ZoneInfo) -> Iterator[Drawn]:
    """The programs that a service is in, and since when."""
    if sample.programs:
        what, place = words.commodity(tongue, sample.service), words.place(tongue, sample.service)
        lines = tuple(program(tongue, one, zone) for one in sample.programs)
        yield Drawn(title=tongue.say("%(what)s, %(place)s", what=what, place=place), lines=lines)


def program(tongue: Tongue, one: ProgramEnrollment, zone: ZoneInfo) -> str:
    """One program in a line."""
    stands = tongue.say(words.ENROLLMENTS[one.status])
    since = next((at for what, at in one.dates if what == ENROLLED), None)
    if since is None or one.status is not Enrollment.ENROLLED:
        return tongue.say("%(name)s: %(stands)s", name=cut(one.program), stands=stands)
    day = tongue.day(day_of(since, zone))
    return tongue.say("%(name)s: %(stands)s since %(day)s", name=cut(one.program), stands=stands, day=day)


def account(tongue: Tongue, samples: tuple[Sample, ...]) -> Iterator[Drawn]:
    """The account's number and telephone, their ends only: who looks over a shoulder learns nothing."""
    for sample in samples[:1]:
        held = sample.service.account
        lines = [tongue.say("Account number ends in %(digits)s", digits=held.number[-4:])]
        if held.phone:
            lines.append(tongue.say("Phone number ends in %(digits)s", digits=held.phone[-4:]))
        yield Drawn(title="", lines=tuple(lines))
