"""What sort of device a browser says it is on."""

import pytest

from wattshare.custodian.web.call import Call
from wattshare.custodian.web.devices import device_of

AGENTS = {
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/125.0 Mobile Safari/537.36": "phone",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Safari/604.1": "phone",
    "Mozilla/5.0 (Linux; Android 14; SM-X200) Chrome/125.0 Safari/537.36": "tablet",
    "Mozilla/5.0 (iPad; CPU OS 16_0 like Mac OS X) Mobile Safari/604.1": "tablet",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0": "desktop",
    "curl/8.5": "other",
    "": "other",
}


@pytest.mark.parametrize("agent", AGENTS)
def test_a_browser_says_what_it_is_on(agent: str) -> None:
    assert device_of(Call(method="GET", headers={"user-agent": agent})) == AGENTS[agent]


def test_a_hint_goes_before_the_name() -> None:
    told = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/125.0", "sec-ch-ua-mobile": "?1"}
    assert device_of(Call(method="GET", headers=told)) == "phone"
