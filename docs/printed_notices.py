"""The parts of the documentation of notices that mirror tables of the code."""

from collections.abc import Callable

from docs.markdown import code, listed, states, table
from wattshare.custodian import exchange, settings
from wattshare.custodian.model import receivers, work


def notice_states() -> str:
    """The life of a notice."""
    return states(work.NOTICE_MOVES, (work.NoticeState.DUE, work.NoticeState.KEPT))


def receiver_states() -> str:
    """What is known of a receiver."""
    return states(receivers.MOVES, (receivers.Circuit.CLOSED,))


def notice_kinds() -> str:
    """What notices tell."""
    heads = ("kind", "first", "to whom")
    rows = (
        (code(kind), kind.rank + 1, "who asks for it" if kind in work.OPTIONAL_KINDS else "every third party")
        for kind in sorted(work.NoticeKind, key=lambda kind: kind.rank)
    )
    return table(heads, rows)


def notice_schedule() -> str:
    """When a notice that was not taken is tried again."""
    steps = settings.Settings.model_fields["notice_steps"].default
    last = settings.Settings.model_fields["notice_last_step"].default
    heads = ("after the failed try", "the next one comes within", "and so at the latest after")
    whole, rows = 0, []
    for number, step in enumerate(steps, start=1):
        whole += step
        rows.append((number, spelt(step), spelt(whole)))
    return table(heads, (*rows, ("each further", spelt(last), "")))


def spelt(seconds: int) -> str:
    """A length of time in its greatest units."""
    parts = ((seconds // 86_400, "d"), (seconds % 86_400 // 3_600, "h"), (seconds % 3_600 // 60, "min"))
    whole = [f"{count} {unit}" for count, unit in (*parts, (seconds % 60, "s")) if count]
    return " ".join(whole)


def outbound_causes() -> str:
    """Why a try can fail."""
    return listed(exchange.Cause)


BLOCKS: dict[str, Callable[[], str]] = {
    "notice-states": notice_states,
    "receiver-states": receiver_states,
    "notice-kinds": notice_kinds,
    "notice-schedule": notice_schedule,
    "outbound-causes": outbound_causes,
}
