import unicodedata

from slm_factory.parsers.markdown import clean, join_blocks, list_item, paragraph


def test_text_becomes_nfc_without_invisible_characters() -> None:
    decomposed = unicodedata.normalize("NFD", "장애")
    assert clean(f"\ufeff{decomposed}\u200b\x00\u00ad \r\nb\ud800") == "장애\nb"


def test_ordinary_text_never_becomes_a_heading_or_a_table() -> None:
    assert paragraph("# 5 items\n| x\na > b") == "\\# 5 items\n\\| x\na > b"


def test_list_items_are_neighbours_and_other_blocks_are_apart() -> None:
    assert join_blocks(["a", "- b", "- c", "", "d"]) == "a\n\n- b\n- c\n\nd\n"


def test_a_list_that_begins_deep_is_moved_to_the_margin() -> None:
    items = [list_item(1, "-", "a"), list_item(2, "-", "b"), list_item(1, "-", "c")]
    assert join_blocks(items) == "- a\n    - b\n- c\n"
