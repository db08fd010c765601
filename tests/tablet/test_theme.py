"""The tablet's colours: one source with the console, readable in every theme."""

import pytest

from mobile.ui.tokens import STYLESHEET, TEXT_PAIRS, contrast, read_tokens

THEMES = read_tokens()


def test_the_colours_are_those_of_the_console() -> None:
    assert STYLESHEET.parts[-5:] == ("server", "console", "static", "css", "tokens.css")
    assert THEMES["day"]["accent"] == "#254A8F"
    assert THEMES["sun"]["surface"] == THEMES["day"]["surface"], "what a theme leaves out is as by day"


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("ink", "ground"), TEXT_PAIRS)
def test_every_text_stands_out_seven_to_one_from_what_it_lies_on(theme: str, ink: str, ground: str) -> None:
    colours = THEMES[theme]
    assert contrast(colours[ink], colours[ground]) >= 7


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("state", ["ontime", "soon", "overdue", "closed"])
def test_every_mark_stands_out_three_to_one_from_surface_and_map(theme: str, state: str) -> None:
    colours = THEMES[theme]
    for ground in ("surface", "map_land", "accent_soft"):
        assert contrast(colours[f"{state}_mark"], colours[ground]) >= 3, ground


def test_black_on_white_is_twenty_one_to_one_and_a_colour_on_itself_is_one() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#254A8F", "#254A8F") == 1
