"""What `wattshare doctor` says. A house that cannot be opened says so itself."""

import platform
from importlib.metadata import version

from wattshare.custodian.house import House
from wattshare.custodian.services.disclosure.wirepath.direct import Absent, installed
from wattshare.custodian.services.disclosure.wirepath.member import DEFLATE

# the packages' names of what makes gzip
MAKERS = {"isal.isal_zlib": "isal", "zlib": "zlib"}


def findings(house: House) -> dict[str, str]:
    """What is used, by what it is used for."""
    return {
        "wattshare": version("wattshare"),
        "python": platform.python_version(),
        "home": str(house.settings.home),
        "database": house.store.engine.dialect.name,
        "gzip": MAKERS.get(DEFLATE.__name__, DEFLATE.__name__),
        "encoder": encoder(house),
    }


def encoder(house: House) -> str:
    """What packs feeds of readings, and why."""
    asked = f"encoder = {house.settings.encoder}"
    if (used := house.disclosure.encoder) is not None:
        return f"direct, by wattshare-direct {used.version} ({asked})"
    why = ""
    if house.settings.encoder != "templates":
        try:
            installed()
        except Absent as absent:
            why = f": {absent}"
    return f"templates{why} ({asked})"
