"""Parents are found by links, and where those fail by addresses."""

import pytest

from wattshare.custodian.formats import hrefs
from wattshare.custodian.formats.kin import Links, Parents
from wattshare.custodian.formats.remarks import SENTENCES, Remark

ROOT = "https://riverton.example/espi/1_1/resource"
NAME = "Subscription/1/UsagePoint/2"
POINT = f"{ROOT}/{NAME}"


@pytest.mark.parametrize(
    ("href", "path"),
    [
        (POINT, "Subscription/1/UsagePoint/2"),
        ("/espi/1_1/resource/Subscription/1/UsagePoint/2/", "Subscription/1/UsagePoint/2"),
        ("Subscription/1/UsagePoint/2", "Subscription/1/UsagePoint/2"),
        (f"{POINT}?published-min=1", "Subscription/1/UsagePoint/2"),
        (f"{ROOT}/ReadingType/NzI6bnVsbDo5MDA6MQ%3D%3D", "ReadingType/NzI6bnVsbDo5MDA6MQ=="),
        ("/v1/User/3/UsagePoint/2", "v1/User/3/UsagePoint/2"),
        ("", ""),
    ],
)
def test_an_address_has_one_path_however_it_is_written(href: str, path: str) -> None:
    assert hrefs.path_of(href) == path


@pytest.mark.parametrize(
    ("href", "point", "channel"),
    [
        (f"{POINT}/MeterReading/a=/IntervalBlock/5", NAME, f"{NAME}/MeterReading/a="),
        (f"{POINT}/UsageSummary/1,000", NAME, None),
        (f"{ROOT}/Subscription/1/UsagePoint", None, None),
        (f"{ROOT}/ReadingType/1", None, None),
    ],
)  # fmt: skip
def test_an_address_names_a_usage_point_and_a_channel(href: str, point: str | None, channel: str | None) -> None:
    assert (hrefs.point_of(href), hrefs.channel_of(href)) == (point, channel)


TWO = (
    ("two", Links(self_href=POINT, related=(f"{POINT}/MeterReading",))),
    ("twenty", Links(self_href=f"{POINT}0", related=(f"{POINT}0/MeterReading/7",))),
)


@pytest.mark.parametrize(
    ("child", "found"),
    [
        (Links(up=f"{POINT}/MeterReading"), ("two", None)),
        (Links(self_href=f"{POINT}0/MeterReading/7"), ("twenty", Remark.LINK_TO_CHILD)),
        (Links(up="Subscription/1/UsagePoint/2/MeterReading"), ("two", Remark.LINK_BY_PATH)),
        # 2 is not the beginning of 20
        (Links(self_href=f"{POINT}0/MeterReading/8"), ("twenty", Remark.LINK_BY_PATH)),
        (Links(self_href=f"{ROOT}/Subscription/1/UsagePoint/3/MeterReading/8"), None),
        (Links(), None),
    ],
)
def test_a_child_finds_its_parent(child: Links, found: tuple[str, Remark | None] | None) -> None:
    assert Parents.of(TWO).find(child) == found


def test_an_only_parent_is_found_without_a_link() -> None:
    assert Parents.of(TWO[:1]).find(Links()) == ("two", Remark.LINK_BY_PLACE)


def test_each_remark_has_its_sentence() -> None:
    assert set(SENTENCES) == set(Remark)
