from slm_factory.parsers.tables import Cell, expand, flat_table, fold_form, markdown_table


def test_a_span_is_repeated_in_every_cell_it_covers() -> None:
    rows = [
        [Cell("a"), Cell("b", columns=2)],
        [Cell("c", rows=2), Cell("d"), Cell("e")],
        [Cell("f"), Cell("g")],
    ]
    assert expand(rows) == [["a", "b", "b"], ["c", "d", "e"], ["c", "f", "g"]]


def test_cells_beyond_the_header_width_are_kept() -> None:
    assert expand([[Cell("a")], [Cell("b"), Cell("c")]]) == [["a", ""], ["b", "c"]]


def test_a_cell_alone_in_its_row_stands_once() -> None:
    rows = [[Cell("a"), Cell("b")], [Cell("caption", columns=2)], [Cell("c"), Cell("d")]]
    assert expand(rows)[1] == ["caption", ""]


def test_a_hostile_span_is_bounded() -> None:
    assert len(expand([[Cell("a", columns=10**9), Cell("b")]])[0]) <= 1001


def test_pipes_and_line_breaks_stay_inside_their_cell() -> None:
    assert markdown_table([["a|b", "c\nd"], ["1", "2"]]) == "| a\\|b | c d |\n|---|---|\n| 1 | 2 |"


def test_columns_that_repeat_their_neighbour_in_every_row_are_left_out() -> None:
    assert markdown_table([["a", "a", "b"], ["1", "1", "1"]]) == "| a | b |\n|---|---|\n| 1 | 1 |"


def test_a_column_without_any_text_is_left_out() -> None:
    assert markdown_table([["a", "", "b"], ["1", "", "2"]]) == "| a | b |\n|---|---|\n| 1 | 2 |"
    assert markdown_table([["a", "b"], ["1", ""]]) == "| a | b |\n|---|---|\n| 1 |  |"


def test_a_frame_around_text_is_a_paragraph() -> None:
    assert markdown_table([["note"]]) == "note"


def test_a_table_within_a_cell_comes_on_one_line() -> None:
    assert flat_table([["a", "a", "b"], ["c", "", "d"]]) == "a, b; c, d"


def test_a_form_on_a_fine_grid_says_each_text_once_and_other_tables_stay() -> None:
    form = expand(
        [[Cell("가", columns=5), Cell("나", columns=3)], [Cell("다", columns=3), Cell("라", columns=5)]]
    )
    assert fold_form(form) == form, "three columns for two cells are few"
    form = expand(
        [[Cell(f"{size}", columns=size) for size in row] for row in ((1, 6), (2, 5), (3, 4), (4, 3))]
    )
    assert fold_form(form) == [["1", "6"], ["2", "5"], ["3", "4"], ["4", "3"]]
    assert fold_form([]) == []
