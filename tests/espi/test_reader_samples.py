"""What becomes of real feeds: of each sample the verdict of both manners of reading."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from wattshare.espi.atom import Entry, Feed, Resource
from wattshare.espi.usage import (
    Authorization,
    DateTimeInterval,
    IntervalBlock,
    LineItem,
    LocalTimeParameters,
    MeterReading,
    ReadingType,
    UsageSummary,
)
from wattshare.espi.wire import Document, Malformed, read


class Refused(NamedTuple):
    """The rule, the line and the element of a refusal."""

    rule: str
    line: int
    element: str


SAME = None

# sample: (strict verdict, lenient verdict); what is read is told by the codes of what deviates
VERDICTS: dict[str, tuple[str | Refused, str | Refused | None]] = {
    "espi-gas-monthly": ("id-without-urn relative-href", SAME),
    "espi-net-all-function-blocks": (
        Refused("missing-item-kind", 725, "costAdditionalDetailLastPeriod"),
        "id-without-urn missing-item-kind not-kept relative-href",
    ),
    "espi-net-three-measurements": ("id-without-urn", SAME),
    "espi-net-zero-home-1min-week": ("id-without-urn time-unreadable", SAME),
    "espi-power-quality-15min": ("id-without-urn relative-href", SAME),
    "espi-temperature": ("id-without-urn relative-href several-in-content", SAME),
    "espi-three-usagepoints-two-timezones": ("id-without-urn", SAME),
    "espi-water-monthly": ("id-without-urn relative-href", SAME),
    "gba-applicationinformation-entry": ("time-in-milliseconds", SAME),
    "gba-authorization-feed": ("", SAME),
    "gba-customer-feed-status-text-INVALID": (Refused("text-for-status", 33, "status"), "text-for-status"),
    "gba-usage-feed-embedded-readingtype-INVALID": (
        Refused("embedded-reading-type", 51, "ReadingType"),
        "embedded-reading-type",
    ),
    "liberty-apuc-electric-INVALID": (
        Refused("unknown-element", 6, "thirdPartyName"),
        "incomplete missing-id missing-published missing-self missing-title missing-up missing-updated "
        "out-of-order relative-href unknown-element",
    ),
    "opower-ngrid-gas-INVALID": (
        Refused("empty-value", 11, "kind"),
        "empty-value fractional-seconds incomplete missing-title no-content relative-href several-in-content "
        "time-without-z",
    ),
    "pge-cmd-applicationinformation-entry": ("id-without-urn time-in-milliseconds xsi-type", SAME),
    "pge-cmd-authorization-entry": (
        Refused("duration-in-milliseconds", 10, "duration"),
        "duration-in-milliseconds id-without-urn missing-title time-in-milliseconds xsi-type",
    ),
    "pge-cmd-batch-electric-dst-tou": ("id-without-urn xsi-type", SAME),
    "pge-cmd-batch-gas-daily": ("id-without-urn xsi-type", SAME),
    "pge-cmd-intervalblock-feed": (
        "id-without-urn missing-id missing-self missing-title missing-updated xsi-type",
        SAME,
    ),
    "pge-cmd-localtimeparameters-entry": ("id-without-urn xsi-type", SAME),
    "pge-cmd-notification-batchlist": ("", SAME),
    "pge-cmd-readingtype-feed": ("id-without-urn xsi-type", SAME),
    "pge-cmd-retailcustomer-batch": ("id-without-urn missing-title", SAME),
    "pge-cmd-usagepoint-feed": ("id-without-urn xsi-type", SAME),
    "pge-cmd-usagesummary-feed": ("id-without-urn time-in-milliseconds xsi-type", SAME),
    "pge-dmd-2012-e1-residential-large": (
        "missing-published missing-title missing-up missing-updated relative-href",
        SAME,
    ),
    "sample-apache-all-in-one": ("id-without-urn relative-href", SAME),
    "sce-bulk-retailcustomer": ("id-without-urn time-without-z", SAME),
    "sce-bulk-usage-and-billing": (
        Refused("unknown-element", 35, "pricingNode"),
        "id-without-urn repeated-link time-without-z unknown-element",
    ),
    "sdge-style-single-family-year": ("id-without-urn relative-href several-in-content", SAME),
    "utilityapi-batch-2024": ("", SAME),
    "utilityapi-retailcustomer-2025": (
        Refused("out-of-order", 44, "pucNumber"),
        "foreign-element not-kept out-of-order",
    ),
}


def verdict(path: Path, *, lenient: bool) -> str | Refused:
    try:
        document = read(path.read_bytes(), lenient=lenient)
    except Malformed as refused:
        return Refused(refused.rule, refused.line, refused.element)
    return " ".join(sorted({deviation.code for deviation in document.deviations}))


@pytest.mark.parametrize("name", VERDICTS)
def test_the_strict_verdict(fixtures: Path, name: str) -> None:
    strict, _ = VERDICTS[name]
    assert verdict(fixtures / "samples" / f"{name}.xml", lenient=False) == strict


@pytest.mark.parametrize("name", VERDICTS)
def test_the_lenient_verdict(fixtures: Path, name: str) -> None:
    strict, lenient = VERDICTS[name]
    assert verdict(fixtures / "samples" / f"{name}.xml", lenient=True) == (lenient or strict)


def test_every_sample_has_a_verdict(fixtures: Path) -> None:
    assert {path.stem for path in (fixtures / "samples").glob("*.xml")} == set(VERDICTS)


def objects(document: Document) -> Iterator[Resource]:
    match document.root:
        case Feed(entries=entries):
            yield from (resource for entry in entries for resource in entry.content)
        case Entry(content=content):
            yield from content
        case resource:
            yield resource


@pytest.mark.parametrize("name", VERDICTS)
def test_no_reading_and_no_line_item_is_lost(fixtures: Path, name: str) -> None:
    content = (fixtures / "samples" / f"{name}.xml").read_bytes()
    found = list(objects(read(content, lenient=True)))
    readings = sum(len(block.reading) for block in found if isinstance(block, IntervalBlock))
    items = sum(len(getattr(bill, "cost_additional_detail_last_period", ())) for bill in found)
    assert readings == len(re.findall(rb"<(?:\w+:)?IntervalReading>", content))
    assert items == len(re.findall(rb"<(?:\w+:)?costAdditionalDetailLastPeriod>", content))


def lenient(fixtures: Path, name: str) -> list[Resource]:
    return list(objects(read((fixtures / "samples" / f"{name}.xml").read_bytes(), lenient=True)))


def test_fractional_epochs_lose_their_fraction(fixtures: Path) -> None:
    blocks = [one for one in lenient(fixtures, "opower-ngrid-gas-INVALID") if isinstance(one, IntervalBlock)]
    assert len(blocks) == 36
    assert {block.interval.start for block in blocks if block.interval} == {1721154384}


def test_an_embedded_reading_type_stands_beside_its_meter_reading(fixtures: Path) -> None:
    found = lenient(fixtures, "gba-usage-feed-embedded-readingtype-INVALID")
    assert found[-2] == MeterReading()
    assert isinstance(found[-1], ReadingType)
    assert (found[-1].uom, found[-1].flow_direction, found[-1].interval_length) == (72, 1, 3600)


def test_periods_in_milliseconds_end_in_seconds(fixtures: Path) -> None:
    [authorization] = lenient(fixtures, "pge-cmd-authorization-entry")
    assert isinstance(authorization, Authorization)
    # more than seven thousand years are the longest that can be said
    assert authorization.authorized_period == DateTimeInterval(duration=2**32 - 1, start=1440585200)


def test_bill_stamps_in_milliseconds_end_in_seconds(fixtures: Path) -> None:
    bills = lenient(fixtures, "pge-cmd-usagesummary-feed")
    stamps = [bill.status_time_stamp for bill in bills if isinstance(bill, UsageSummary)]
    assert [len(str(stamp)) for stamp in stamps] == [10, 10, 10]


def test_a_line_item_without_a_kind_is_information(fixtures: Path) -> None:
    found = lenient(fixtures, "espi-net-all-function-blocks")
    items = [
        item
        for bill in found
        for item in getattr(bill, "cost_additional_detail_last_period", ())
        if isinstance(item, LineItem)
    ]
    assert [item.item_kind for item in items] == [10]


def test_a_time_zone_is_read_as_it_is_written(fixtures: Path) -> None:
    [zone] = lenient(fixtures, "pge-cmd-localtimeparameters-entry")
    assert zone == LocalTimeParameters(
        dst_end_rule="B40E2000", dst_offset=3600, dst_start_rule="360E2000", tz_offset=-28800
    )
