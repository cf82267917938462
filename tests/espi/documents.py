"""Documents for the reader's tests, and what it says of them."""

import pytest

from wattshare.espi.wire import DeviationCode, Limits, Malformed, read

ATOM = 'xmlns="http://www.w3.org/2005/Atom"'
ESPI = 'xmlns="http://naesb.org/espi"'
CUSTOMER = 'xmlns="http://naesb.org/espi/customer"'

HEAD = """<id>urn:uuid:0a0b0c0d-0000-5000-8000-000000000001</id>
<link rel="up" href="https://dc.example/espi/1_1/resource/X"/>
<link rel="self" href="https://dc.example/espi/1_1/resource/X/1"/>
<title>A thing</title>
<published>2024-03-09T08:00:00Z</published>
<updated>2024-03-09T08:00:00Z</updated>
"""

# the same as PG&E has it
BARE = HEAD.replace("urn:uuid:", "")

READING = "<IntervalReading><timePeriod><duration>900</duration><start>{}</start></timePeriod><value>1</value>"


def entry(content: str, head: str = HEAD) -> str:
    """An entry without fault around a content; its root stands on line 1, the content on line 8."""
    return f"<entry {ATOM}>\n{head}<content>{content}</content>\n</entry>"


def feed(*entries: str, head: str = HEAD.replace("<published>2024-03-09T08:00:00Z</published>\n", "")) -> str:
    return f"<feed {ATOM}>\n{head}" + "\n".join(entries) + "</feed>"


def codes(document: str | bytes, *, lenient: bool = False) -> list[DeviationCode]:
    content = document.encode() if isinstance(document, str) else document
    return [deviation.code for deviation in read(content, lenient=lenient).deviations]


def refusal(document: str | bytes, *, lenient: bool = False, limits: Limits | None = None) -> Malformed:
    content = document.encode() if isinstance(document, str) else document
    with pytest.raises(Malformed) as caught:
        read(content, lenient=lenient, limits=limits)
    return caught.value
