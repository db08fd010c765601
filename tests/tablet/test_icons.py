"""The icon font is drawn from strokes that belong to the project."""

import re
from pathlib import Path

from fontTools.ttLib import TTFont

from mobile.ui import icons
from server.settings import CHECKOUT


def test_every_icon_of_the_strokes_is_in_the_font_and_fills_its_square(tmp_path: Path) -> None:
    icons.build(tmp_path / "made" / "icons.ttf")
    font = TTFont(tmp_path / "made" / "icons.ttf")
    names = font.getBestCmap()
    for name, character in icons.characters().items():
        assert names[ord(character)] == name
        glyph = font["glyf"][name]
        assert glyph.numberOfContours > 0
        assert -60 <= glyph.xMin < glyph.xMax <= 1060, name
        assert font["hmtx"][name] == (1000, glyph.xMin), f"{name} would be pushed to the left"


def test_every_icon_that_a_rule_or_a_screen_names_exists() -> None:
    known = icons.characters()
    ui = CHECKOUT / "mobile" / "ui"
    text = "\n".join(path.read_text() for path in ui.rglob("*.kv"))
    named = set(re.findall(r"\b(?:icon|name): '([a-z_]+)'$", text, re.M))
    code = "\n".join(path.read_text() for path in ui.rglob("*.py"))
    named |= set(re.findall(r'icon="([a-z_]+)"', code))
    assert len(named) > 15
    assert named <= set(known)
