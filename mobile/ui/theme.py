"""Colours, text sizes and fonts as one observable object: setting `mode` or `scale` repaints all."""

from pathlib import Path
from typing import Any

from kivy.core.text import DEFAULT_FONT, LabelBase
from kivy.event import EventDispatcher
from kivy.metrics import sp
from kivy.properties import ColorProperty, NumericProperty, OptionProperty
from kivy.utils import get_color_from_hex

from mobile.ui import icons
from mobile.ui.tokens import read_tokens

ASSETS = Path(__file__).resolve().parents[1] / "assets"
TOKENS = read_tokens()
ICON = icons.characters()
SIZES = {"small": 16, "body": 18, "lead": 20, "title": 24, "figure": 32, "huge": 44}
"""Text sizes in sp at scale 1; nothing is smaller than 16."""


class _Base(EventDispatcher):
    mode = OptionProperty("day", options=list(TOKENS))
    scale = NumericProperty(1.0)

    def on_mode(self, *_: Any) -> None:
        for name, value in TOKENS[self.mode].items():
            setattr(self, name, get_color_from_hex(value))

    def on_scale(self, *_: Any) -> None:
        for name, size in SIZES.items():
            setattr(self, name, sp(size) * self.scale)

    def state(self, mood: str, part: str) -> list[float]:
        """Colour of a deadline state; `part` is "text", "mark" or "soft"; suspended is drawn as closed."""
        return getattr(self, f"{mood if mood in ('ontime', 'soon', 'overdue') else 'closed'}_{part}")


Theme = type(
    "Theme",
    (_Base,),
    {name: ColorProperty(value) for name, value in TOKENS["day"].items()}
    | {name: NumericProperty(size) for name, size in SIZES.items()},
)
theme: Any = Theme()


def register_fonts() -> None:
    """Kivy has no font fallback: one face that holds every ideograph, and one of icons."""
    LabelBase.register(
        DEFAULT_FONT, str(ASSETS / "NotoSansSC-Regular.ttf"), fn_bold=str(ASSETS / "NotoSansSC-Bold.ttf")
    )
    icon_font = ASSETS / "XungeIcons.ttf"
    if not icon_font.exists():
        icons.build(icon_font)
    LabelBase.register("Icons", str(icon_font))
