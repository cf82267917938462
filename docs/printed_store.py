"""The parts of the documentation that mirror what is special to PostgreSQL."""

from sqlalchemy.engine import make_url

from docs.markdown import code, listed, table
from wattshare.custodian.store import database  # noqa: F401 every table, by way of it
from wattshare.custodian.store.distribution import Distribution
from wattshare.custodian.store.guards import GUARDS
from wattshare.custodian.store.purposes import MEANT, Purpose


def purposes() -> str:
    """What a transaction of PostgreSQL may be for, and which tables that opens."""
    rows = [(code(purpose), MEANT[purpose], opened(purpose, "reads"), opened(purpose, "writes")) for purpose in Purpose]
    one = (guard.table for guard in GUARDS if guard.column is not None)
    rows.append(("an authorization", "one authorization's rows", f"its own rows of {listed(one)}", ""))
    return table(("for", "what it is", "reads", "writes"), rows)


def opened(purpose: Purpose, how: str) -> str:
    """The guarded tables that a purpose reads or writes."""
    every = [guard.table for guard in GUARDS]
    names = [guard.table for guard in GUARDS if purpose in getattr(guard, how) | guard.writes]
    return "every guarded table" if names == every else listed(names)


def distribution() -> str:
    """What `db distribute` runs on tables that lie on one machine."""
    statements = Distribution(placed=frozenset()).statements(make_url("postgresql+psycopg://").get_dialect()())
    return "\n".join(("```sql", *(f"{statement};" for statement in statements), "```"))
