"""Short names that are read over the telephone."""

import pytest

from wattshare.custodian.model.references import ALPHABET, SIZE, dereferenced, reference


def test_a_reference_leads_back_however_it_is_typed() -> None:
    for number in (0, 1, 4_100_003, 4_100_004, SIZE - 1):
        text = reference(number)
        assert (len(text), text[3]) == (7, "-")
        for typed in (text, text.lower(), text.replace("-", ""), f" {text} "):
            assert dereferenced(typed) == number


def test_neighbours_look_nothing_alike() -> None:
    one, other = reference(4_100_003), reference(4_100_004)
    assert sum(a == b for a, b in zip(one, other, strict=True)) <= 3


def test_no_letter_is_taken_for_another() -> None:
    assert not set("01ILOU") & set(ALPHABET)


@pytest.mark.parametrize("text", ["", "R7K", "R7K-2Q0", "R7K-2QFF"])
def test_what_is_no_reference_leads_nowhere(text: str) -> None:
    assert dereferenced(text) is None
