"""Which coding a caller wants. RFC 9110 §12.5.3."""

import re
from functools import lru_cache
from typing import NamedTuple

from wattshare.custodian.services.disclosure.wirepath.member import Coding

ITEM = re.compile(r"([\w*.+-]+)(?:;q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?")
# callers say the same over and over
KEPT = 256
# the same by an older name. RFC 9110 §8.4.1.3
ALIASES = {"x-gzip": "gzip"}


class Wanted(NamedTuple):
    """The coding to send, if the body is worth it."""

    coding: Coding = Coding.IDENTITY
    # the plain bytes are refused, whatever the body is worth
    always: bool = False


@lru_cache(maxsize=KEPT)
def wanted(header: str, codings: tuple[Coding, ...] = (Coding.GZIP, Coding.ZSTD)) -> Wanted:
    """The best of some codings by an Accept-Encoding header: of equal ones the first, and each before the plain bytes.

    What cannot be read is as if it were not there. `*` is gzip. Who refuses the plain bytes and names nothing else
    gets gzip, which every client knows; who refuses everything gets the plain bytes.
    """
    weights: dict[str, float] = {}
    for item in header.lower().replace(" ", "").split(","):
        if found := ITEM.fullmatch(item):
            weights.setdefault(ALIASES.get(found[1], found[1]), float(found[2] or 1))
    plain = weights.get("identity")
    best, most = Coding.IDENTITY, 0.0
    for coding in codings:
        weight = weights.get(coding, weights.get("*", 0.0) if coding is Coding.GZIP else 0.0)
        if weight > most and weight >= (plain or 0.0):
            best, most = coding, weight
    if best is Coding.IDENTITY:
        bare = plain == 0.0 and not {"*", Coding.GZIP} & weights.keys()
        return Wanted(Coding.GZIP, always=True) if bare else Wanted()
    return Wanted(best, always=weights.get("identity", weights.get("*")) == 0.0)
