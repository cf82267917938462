"""What is done for a customer at the desk, by command."""

import json
from pathlib import Path

from tests.custodian.cli.conftest import Typed
from wattshare.custodian.app import opened


def test_addresses_are_hidden_and_shown_and_sharing_ends(typed: Typed, home: Path) -> None:
    with opened(home) as house, house.store.begin() as tx:
        customer = tx.customers.add_customer("Ada Elm", None)
        tx.customers.add_account(customer.id, "10000000077")
    for command, first, again in (
        ("hide", "Accounts with hidden addresses: 1 more.", "They were hidden already."),
        ("show", "Accounts with hidden addresses: 1 fewer.", "They were not hidden."),
        ("end-sharing", "Nothing was shared. Delegates and sessions have ended too.", ""),
    ):
        for said in filter(None, (first, again)):
            assert said in typed("customer", command, "10000000077", "--home", home).stdout
    assert json.loads(typed("customer", "hide", "10000000077", "--home", home, "--json").stdout) == {"accounts": 1}
    assert json.loads(typed("customer", "end-sharing", "10000000077", "--home", home, "--json").stdout) == {"ended": []}
    told = typed("customer", "hide", "nobody@example.com", "--home", home)
    assert (told.exit_code, told.stderr) == (1, "who: Nobody has this login or account number.\n")
