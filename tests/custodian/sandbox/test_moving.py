"""People of a sandbox who move out and in."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.custodian.sandbox.test_advance import begun
from wattshare.custodian.app import opened
from wattshare.custodian.cli.commands import app
from wattshare.custodian.house import House
from wattshare.custodian.model.authorization import Authorization, Ending
from wattshare.custodian.model.errors import BadRequest, Unknown
from wattshare.custodian.sandbox.moving import move, services_of

LOGIN = "fern@example.com"


def shared(house: House, login: str) -> Authorization:
    """A permission of everything that a customer has now."""
    party = next(
        party
        for party in house.registration.every()
        if party.user_type.uses_oauth and party.kinds and party.partner_id is None
    )
    points = [one.usage_point.id for one in services_of(house, login) if one.agreement.covers(house.now())]
    [held] = house.consent.add_offline(party.name, tuple(points), None, None)
    return held


def test_a_customer_moves_in_and_out_and_what_follows_follows(tmp_path: Path) -> None:
    home = begun(tmp_path / "home", usage_points=0, days=3)
    with opened(home) as house:
        held, before = shared(house, LOGIN), len(services_of(house, LOGIN))
    told = CliRunner().invoke(app, ["sandbox", "move", LOGIN, "in", "--home", str(home)])
    assert told.exit_code == 0
    assert "Harbor St" in told.output
    with opened(home) as house:
        services = services_of(house, LOGIN)
        assert len(services) == before + 1
        [asked] = house.homes.open(services[0].customer.id)
        assert [app.authorization_id for app in asked.apps] == [held.id]
    assert "customer" not in move(home, LOGIN, "out")
    with opened(home) as house, house.store.read() as tx:
        ended = tx.authorizations.by_id(held.id)
    assert ended is not None
    assert ended.ending is Ending.MOVED_OUT
    for login, way, wrong in ((LOGIN, "up", BadRequest), ("nobody@sandbox.example", "in", Unknown)):
        with pytest.raises(wrong):
            move(home, login, way)
