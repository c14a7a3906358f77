"""Text in a terminal's columns, also where a character takes two of them."""

from __future__ import annotations

import pytest

from fatecloud.report.wrap import columns_of, table, wrapped

ROWS = [("alpha", "1", "the first of all letters"), ("beta", "22", "")]


@pytest.mark.parametrize(("text", "columns"), [("abc", 3), ("机构", 4), ("é", 1), ("e\u0301", 1), ("", 0)])
def test_a_chinese_character_takes_two_columns(text: str, columns: int) -> None:
    assert columns_of(text) == columns


def test_words_stay_within_the_width_and_a_longer_one_is_kept_whole() -> None:
    lines = list(wrapped("one two unbreakable-by-any-means three", 12, "  - ", "    "))
    assert lines == ["  - one two", "    unbreakable-by-any-means", "    three"]


def test_wide_characters_may_part_anywhere() -> None:
    lines = list(wrapped("节点没有应答 a1", 8))
    assert lines == ["节点没有", "应答 a1"]
    assert "".join(lines).replace(" ", "") == "节点没有应答a1"


def test_nothing_is_a_line_with_its_beginning() -> None:
    assert list(wrapped("", 10, "  seen  ")) == ["  seen"]


def test_a_table_is_aligned_where_it_fits() -> None:
    assert list(table(ROWS, 80)) == ["alpha  1   the first of all letters", "beta   22"]


def test_the_last_cell_is_wrapped_beside_its_row() -> None:
    assert list(table(ROWS, 31)) == ["alpha  1   the first of all", "           letters", "beta   22"]


def test_in_a_narrow_width_it_goes_below() -> None:
    assert list(table(ROWS, 20)) == ["alpha 1", "    the first of all", "    letters", "beta 22"]


def test_a_table_without_rows_has_no_lines() -> None:
    assert list(table([], 80)) == []
