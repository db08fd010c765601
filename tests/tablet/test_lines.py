"""Lines break the way Chinese print breaks them."""

from collections.abc import Iterator

import pytest

from mobile.ui import lines

EM = 10.0


@pytest.fixture(autouse=True)
def half_wide_latin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Latin letters half an em wide: no font and no window is needed to count."""
    monkeypatch.setattr(lines, "_measured", lambda token, size, bold: len(token) * size / 2)
    yield


def test_an_ideograph_is_one_em_and_lines_are_filled() -> None:
    assert lines.wrap("一二三四五六七", 3 * EM, EM) == "一二三\n四五六\n七"


def test_no_line_begins_with_a_stop_or_ends_with_an_opening_quote() -> None:
    for line in lines.wrap("杏花路，杏花社区。在“待发”里看（可改）。", 3 * EM, EM).split("\n"):
        assert line[0] not in lines.NOT_FIRST
        assert line[-1] not in lines.NOT_LAST


def test_times_and_codes_stay_whole() -> None:
    wrapped = lines.wrap("今天18:00前到3-02网格", 5 * EM, EM)
    assert "18:00" in wrapped
    assert "3-02" in wrapped


def test_between_ideographs_and_figures_there_is_a_thin_space() -> None:
    assert lines.autospace("剩26分钟") == f"剩{lines.THIN}26{lines.THIN}分钟"


def test_english_breaks_between_words() -> None:
    assert lines.wrap("nothing is ever lost", 7 * EM, EM) == "nothing is\never lost"


def test_what_is_too_long_ends_in_dots() -> None:
    wrapped = lines.wrap("一二三四五六七八九", 4 * EM, EM, most=2)
    assert wrapped.split("\n")[-1].endswith("…")
    assert len(wrapped.split("\n")) == 2


def test_centred_text_does_not_end_in_one_lonely_character() -> None:
    assert lines.balanced("一二三四五六七", 6 * EM, EM) == "一二三四\n五六七"
