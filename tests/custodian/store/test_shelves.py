"""What a table of records changes, in memory."""

from dataclasses import replace

from tests.custodian.store.households import add_home
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.drafts import CUSTOMERS
from wattshare.custodian.store.shelves import Shelf


def test_what_was_changed_before_others_were_looked_up_can_go_too(store: Store) -> None:
    with store.begin() as tx:
        one, other = add_home(tx).customer, add_home(tx, "2").customer
        shelf = Shelf(CUSTOMERS, store.keys)
        shelf.look_up(tx._connection, "id", [one.id])
        shelf.put(replace(one, name="Robin Lane"))
        shelf.look_up(tx._connection, "id", [other.id])
        shelf.drop(one.id)
        assert shelf.get(one.id) is None
        assert shelf.stands(tx._connection)
        made = shelf.prepared()
    assert made.gone == [{"key_id": one.id}]
    assert (made.new.rows, made.changed) == ([], {})
