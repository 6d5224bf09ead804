import pytest
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH

from slm_factory.parsers.office.number_formats import FORMATS, display, display_text

ACCOUNTING = '_-"₩"* #,##0_-;-"₩"* #,##0_-;_-"₩"* "-"_-;_-@_-'


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        ("0.15", "0%", "15%"),
        ("0.0567", "0.0%", "5.7%"),
        ("12345", "#,##0원", "12,345원"),
        ("1234", ACCOUNTING, "₩1,234"),
        ("-1234", ACCOUNTING, "-₩1,234"),
        ("0", ACCOUNTING, "₩-"),
        ("1234.5", "[$₩-412]#,##0", "₩1,235"),
        ("-1500", "₩#,##0;₩!-#,##0", "₩-1,500"),
        ("-1234", r"#,##0_);[Red]\(#,##0\)", "(1,234)"),
        ("-5", "#,##0;[Red]#,##0", "-5"),  # on screen only the colour tells that it is negative
        ("1234567", "#,##0,", "1,235"),
        ("1234567.891", "#,##0.0#", "1,234,567.89"),
        ("5", "#,##0.##", "5"),
        ("1012345678", "000-0000-0000", "010-1234-5678"),
        ("123", "000000", "000123"),
        ("12000", "0.00E+00", "1.20E+04"),
        ("150", '[>=100]0"높음";0"낮음"', "150높음"),
        ("50", '[>=100]0"높음";0"낮음"', "50낮음"),
        ("3", '"제"General"호"', "제3호"),
        ("5", ";;;", ""),
        ("-0.001", "0.0", "0.0"),
        ("1.5", "# ?/?", "1.5"),
        ("7", "General", "7"),
        ("0.30000000000000004", "General", "0.3"),
        ("1234567890123", "General", "1234567890123"),
        ("1e300", "0.00", "1e+300"),
        ("1", "0" * 300, "1"),
        ("nan", "0.0", "nan"),
    ],
)
def test_numbers_are_shown_as_their_format_shows_them(value: str, code: str, shown: str) -> None:
    assert display(value, code, WINDOWS_EPOCH) == shown


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        ("45366", 'yyyy"년" m"월" d"일"', "2024-03-15"),
        ("45366", "m/d", "2024-03-15"),
        ("45366", "mmm-yy", "2024-03"),
        ("45366", "yyyy", "2024"),
        ("45366.604166667", "yyyy-mm-dd h:mm", "2024-03-15 14:30"),
        ("45366", "[$-412]yyyy. m. d. dddd", "2024-03-15"),
        ("0.75", "hh:mm:ss AM/PM", "18:00:00"),
        ("0.0625", "mm:ss", "30:00"),
        ("0.5", 'h"시"', "12:00"),
        ("1.25", "[h]:mm", "30:00"),
        ("45366", FORMATS[31], "2024-03-15"),
        ("0", "yyyy-mm-dd", "0"),
        ("-3", "yyyy-mm-dd", "-3"),
        ("9999999999", "yyyy-mm-dd", "9999999999"),
    ],
)
def test_dates_and_times_come_in_iso_form(value: str, code: str, shown: str) -> None:
    assert display(value, code, WINDOWS_EPOCH) == shown


def test_days_count_from_the_workbooks_epoch() -> None:
    assert display("43904", "yyyy-mm-dd", MAC_EPOCH) == "2024-03-15"


def test_a_format_adds_to_text() -> None:
    assert display_text("홍가람", '@"님"') == "홍가람님"
    assert display_text("홍가람", "#,##0") == "홍가람"
