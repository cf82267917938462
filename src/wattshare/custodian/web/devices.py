"""What sort of device a browser is on: three words, and nothing else of what it says of itself."""

from wattshare.custodian.web.call import Call

PHONE, TABLET, DESKTOP, OTHER = "phone", "tablet", "desktop", "other"


def device_of(call: Call) -> str:
    """The sort of a caller's device. A hint that the browser sends for this very question goes first."""
    agent = call.headers.get("user-agent", "").lower()
    if "ipad" in agent or "tablet" in agent or ("android" in agent and "mobile" not in agent):
        return TABLET
    if call.headers.get("sec-ch-ua-mobile") == "?1" or "iphone" in agent or "mobile" in agent:
        return PHONE
    return DESKTOP if "mozilla/" in agent else OTHER
