"""Whether a statement says for which usage points it is, as tables that are cut by usage point need it.

Every statement that a test sends to PostgreSQL is looked at. One that touches a table of `DISTRIBUTED` has to compare
that table's usage point with something, or to be one of the few that are known to go to every machine.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from sqlalchemy import Engine, TextClause, event

from wattshare.custodian.store.distribution import COLUMN, DISTRIBUTED

NAMES = "|".join(DISTRIBUTED)
# what goes to every machine without it, each with the reason
FAN_OUTS = {
    r"\((interval_block|segment)\.usage_point_id, \1\.channel\)": "months that are closed, some channels at a time",
    r"^SELECT interval_block\.start FROM interval_block WHERE interval_block\.start >= ": "whether a month is empty",
    rf"^SELECT [^()]+ FROM ({NAMES}) ORDER BY [^()]+$": "the digest of all that is held (`db hash`), for checks",
    r"^SELECT (correction|bill_correction)\.usage_point_id, min\(": "what was corrected of anybody, by revision",
}
# a table where rows are read or changed, with the name that it goes by
READ = re.compile(rf"\b(?:FROM|JOIN|UPDATE|,)\s+(?P<table>{NAMES})\b(?:\s+AS\s+(?P<alias>\w+))?(?!\s*[.=])")
# a row does not move to another usage point
MOVED = re.compile(rf"\bUPDATE (?P<table>{NAMES})\s+SET\b(?:(?!\bWHERE\b).)*\b{COLUMN}\s*=")
WRITTEN = re.compile(rf"\bINSERT INTO (?P<table>{NAMES})\s*\((?P<columns>[^)]*)\)")

# the columns of a key, which may have a table's name
KEY = re.compile(r"\bON CONFLICT \([^)]*\)")


def silent_of(statement: str) -> list[str]:
    """The tables that a statement touches without saying for which usage points, or whose rows it gives to another."""
    silent = [found["table"] for found in WRITTEN.finditer(statement) if COLUMN not in found["columns"]]
    silent += [found["table"] for found in MOVED.finditer(statement)]
    for found in READ.finditer(KEY.sub("", WRITTEN.sub("", statement))):
        name = rf"\b{found['alias'] or found['table']}\.{COLUMN}"
        compared = rf"{name}\s*(?:=|IN\b)|=\s*{name}\b"
        if not re.search(compared, statement):
            silent.append(found["table"])
    return silent


def fans_out(statement: str) -> bool:
    """Whether a statement is known to go to every machine."""
    return any(re.search(pattern, statement) for pattern in FAN_OUTS)


# the same texts are sent again and again
@lru_cache(4096)
def judged(statement: str) -> tuple[bool, str | None]:
    """Whether a statement touches one of the tables; what is wrong with it."""
    flat = " ".join(statement.split())
    silent = silent_of(flat)
    wrong = f"{silent} without {COLUMN}: {flat}" if silent and not fans_out(flat) else None
    return bool(READ.search(flat) or WRITTEN.search(flat)), wrong


class Watch:
    """Looks at what the store sends, while it is on."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.on = True
        self.touched = 0

    def look(self, _: Any, __: Any, statement: str, ___: Any, context: Any, ____: bool) -> None:
        """Refuse a statement that does not say for which usage points it is."""
        compiled = getattr(context, "compiled", None)
        # what tests write as text is their own business
        if not self.on or compiled is None or isinstance(compiled.statement, TextClause):
            return
        touched, wrong = judged(statement)
        self.touched += touched
        assert wrong is None, wrong

    @contextmanager
    def off(self) -> Iterator[None]:
        """A block in which tests ask for whole tables."""
        self.on = False
        try:
            yield
        finally:
            self.on = True


WATCH = Watch()


def watch(engine: Engine) -> None:
    """Look at everything that goes through an engine of PostgreSQL."""
    if engine.dialect.name == "postgresql":
        event.listen(engine, "before_cursor_execute", WATCH.look)
