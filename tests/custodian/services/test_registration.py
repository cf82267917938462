"""What somebody registering may say of itself."""

from dataclasses import replace

import pytest

from tests.custodian.houses import TestHouse
from wattshare.custodian.model.errors import BadRequest
from wattshare.custodian.services.registration import Wish

GOOD = Wish(name="Acme Energy", redirect_uris=("https://acme.example/callback",))
REFUSED: dict[str, list[object]] = {
    "name": ["", "   ", "x" * 81, "Acme\u202eygrenE", "Acme\nEnergy"],
    "purpose": ["x" * 257, "because\x00"],
    # ApplicationInformation has no room for more
    "phone": ["5" * 33, "555\n0100"],
    "contacts": [("a@b.example", "x" * 257), ("a\r\nb",)],
    "history_days": [0, 36_501],
    "redirect_uris": [(), ("http://acme.example/",), ("https://acme.example/#top",), ("https://a@acme.example/",)],
    "notification_uri": ["acme.example/notices", "ftp://acme.example/", "https://acme.example/a b"],
}


@pytest.mark.parametrize(("field", "value"), [(name, value) for name, values in REFUSED.items() for value in values])
def test_what_cannot_be_registered_is_refused_by_name(house: TestHouse, field: str, value: object) -> None:
    with pytest.raises(BadRequest) as refusal:
        house.house.registration.register(replace(GOOD, **{field: value}))  # type: ignore[arg-type]
    assert refusal.value.field == field


def test_the_longest_of_everything_is_registered(house: TestHouse) -> None:
    longest = {"name": "x" * 80, "purpose": "x" * 256, "phone": "5" * 32, "contacts": ("x" * 256,)}
    made = house.house.registration.register(replace(GOOD, **longest))  # type: ignore[arg-type]
    path = f"/GreenButtonConnect/espi/1_1/resource/ApplicationInformation/{made.party.application_id}"
    told = house.browser.get(path, headers={"authorization": f"Bearer {made.registration_token}"})
    assert told.status_code == 200
    assert f"<ns0:thirdPartyPhone>{'5' * 32}</ns0:thirdPartyPhone>" in told.text


def test_who_gave_no_phone_is_shown_with_none(house: TestHouse) -> None:
    made = house.house.registration.register(GOOD)
    path = f"/GreenButtonConnect/espi/1_1/resource/ApplicationInformation/{made.party.application_id}"
    told = house.browser.get(path, headers={"authorization": f"Bearer {made.registration_token}"})
    assert "thirdPartyPhone" not in told.text
