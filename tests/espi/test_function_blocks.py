"""The table of function blocks."""

from wattshare.espi.function_blocks import FUNCTION_BLOCKS, GRANTED_FOR, IMPLIED


def test_each_block_is_one_sentence() -> None:
    assert all(sentence.endswith(".") and sentence.count(".") == 1 for sentence in FUNCTION_BLOCKS.values())


def test_no_sentence_stands_twice() -> None:
    assert len(set(FUNCTION_BLOCKS.values())) == len(FUNCTION_BLOCKS)


def test_rules_are_about_blocks_that_there_are() -> None:
    assert set(GRANTED_FOR) | set(IMPLIED) <= set(FUNCTION_BLOCKS)


def test_a_block_is_granted_for_every_kind_that_it_implies() -> None:
    assert all(IMPLIED[block] <= kinds for block, (kinds, _) in GRANTED_FOR.items())
