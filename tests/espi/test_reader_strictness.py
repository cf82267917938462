"""The strict reader and the official schemas agree about documents that are a little wrong.

Real documents are spoilt at random; what any generation of the schemas lets pass must be read, and nothing
else.
"""

import copy
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from wattshare.espi.fields import ATOM, SchemaSet
from wattshare.espi.wire import DeviationCode, Malformed, Rule, read

SAMPLES = [
    "espi-net-three-measurements",
    "espi-power-quality-15min",
    "gba-applicationinformation-entry",
    "gba-authorization-feed",
    "pge-cmd-batch-electric-dst-tou",
    "pge-cmd-retailcustomer-batch",
    "pge-cmd-usagesummary-feed",
    "sce-bulk-retailcustomer",
    "sce-bulk-usage-and-billing",
    "utilityapi-batch-2024",
    "utilityapi-retailcustomer-2025",
]
TEXTS = [
    "",
    "0",
    "-1",
    "65535",
    "65536",
    "4294967295",
    "-140737488355328",
    "140737488355329",
    "abc",
    "true",
    "1.5",
]
TEXTS += [
    " 7 ",
    "+7",
    "x" * 300,
    "ABCD",
    "ABC",
    "B40E2000",
    "B40E200000",
    "256",
    "electricity",
    "Bearer",
    "bearer",
]
# where we are stricter than the schemas: times, offsets and untyped elements
STRICTER = {Rule.OUT_OF_RANGE, Rule.NOT_A_NUMBER, Rule.ELEMENTS_IN_VALUE, Rule.UNKNOWN_ATTRIBUTE}
# and where we are not: what is no part of the content, and a type that an instance claims for itself
LAXER = {DeviationCode.FOREIGN_ELEMENT, DeviationCode.XSI_TYPE}


@cache
def schemas(folder: Path) -> list[etree.XMLSchema]:
    return [etree.XMLSchema(etree.parse(folder / name / "all.xsd")) for name in SchemaSet]


@cache
def sample(path: Path) -> etree._Element:
    return etree.parse(path).getroot()


def shortened(root: etree._Element, chance: random.Random) -> etree._Element:
    """A copy with few entries, and few readings in them."""
    root = copy.deepcopy(root)
    entries = root.findall(f"{{{ATOM}}}entry")
    for entry in chance.sample(entries, max(0, len(entries) - 3)):
        root.remove(entry)
    for block in root.iter("{*}IntervalBlock"):
        del block[4:]
    return root


def swap(element: etree._Element, others: list[etree._Element], chance: random.Random) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.insert(chance.randrange(len(parent)), element)


def double(element: etree._Element, others: list[etree._Element], chance: random.Random) -> None:
    element.addnext(copy.deepcopy(element))


def remove(element: etree._Element, others: list[etree._Element], chance: random.Random) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def rewrite(element: etree._Element, others: list[etree._Element], chance: random.Random) -> None:
    if not len(element):
        element.text = chance.choice(TEXTS)


def is_resource(element: etree._Element) -> bool:
    """Whether it is the whole of a content."""
    parent = element.getparent()
    return parent is not None and parent.tag == f"{{{ATOM}}}content"


def rename(element: etree._Element, others: list[etree._Element], chance: random.Random) -> None:
    if is_resource(element):
        # the schemas let every element of theirs that has a name stand there, we only resources
        others = [other for other in others if is_resource(other)]
    element.tag = chance.choice(others).tag


def nest(element: etree._Element, others: list[etree._Element], chance: random.Random) -> None:
    element.append(copy.deepcopy(chance.choice(others)))


def describe(element: etree._Element, others: list[etree._Element], chance: random.Random) -> None:
    element.set("about", "it")


SPOILERS: list[Callable[[etree._Element, list[etree._Element], random.Random], None]] = [
    swap,
    double,
    remove,
    rewrite,
    rename,
    nest,
    describe,
]


def verdict(document: bytes) -> tuple[set[DeviationCode], Rule | DeviationCode | None]:
    """What deviates in what is read; or the rule that it is refused by."""
    try:
        return {deviation.code for deviation in read(document).deviations}, None
    except Malformed as refused:
        return set(), refused.rule


@pytest.mark.parametrize("name", SAMPLES)
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(chance=st.randoms(use_true_random=False), spoiler=st.sampled_from(SPOILERS))
def test_the_strict_reader_agrees_with_the_schemas(
    fixtures: Path, name: str, chance: random.Random, spoiler: Callable[..., None]
) -> None:
    root = shortened(sample(fixtures / "samples" / f"{name}.xml"), chance)
    objects = [one for content in root.iter(f"{{{ATOM}}}content") for one in content.iterdescendants("{*}*")]
    spoiler(chance.choice(objects), objects, chance)
    document = etree.tostring(root)
    again = etree.fromstring(document)
    valid = any(schema.validate(again) for schema in schemas(fixtures / "schema"))
    codes, rule = verdict(document)
    excused = rule in STRICTER if rule else codes & LAXER
    assert (rule is None) == valid or excused, document.decode()
