"""What was corrected since somebody looked."""

import pytest
from sqlalchemy import Table, text

from wattshare.custodian.store.bills import BILL_CORRECTION
from wattshare.custodian.store.blocks import CORRECTION
from wattshare.custodian.store.corrections import by_point
from wattshare.custodian.store.database import Store


@pytest.mark.parametrize("table", [CORRECTION, BILL_CORRECTION], ids=str)
def test_what_was_corrected_since_is_found_without_looking_at_all_corrections(store: Store, table: Table) -> None:
    with store.read() as tx:
        connection = tx.corrections._connection
        asked = by_point(table, 7, 9).compile(connection, compile_kwargs={"literal_binds": True})
        explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
        if connection.dialect.name == "postgresql":
            # of a table with nothing in it all is read as quickly
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        told = " ".join(str(row) for row in connection.execute(text(f"{explain} {asked}")))
    assert f"ix_{table}_revision" in told
