"""Reads the colours that console and tablet share: tokens.css is their one source.

A token `--accent-soft` is the name `accent_soft` here; `--on-accent` becomes `over_accent`, because Kivy
would take a property called `on_accent` for the observer of `accent`.
"""

import re
from pathlib import Path

STYLESHEET = Path(__file__).resolve().parents[2] / "server" / "console" / "static" / "css" / "tokens.css"

BLOCKS = {
    "day": r":root \{(.*?)\n\}",
    "night": r'\n\[data-theme="night"\] \{(.*?)\n\}',
    "sun": r'\n\[data-theme="sun"\] \{(.*?)\n\}',
}

# text and what it lies on, wherever the tablet writes; a test holds each pair at 7:1 in every theme
STATES = ("ontime", "soon", "overdue", "closed")
GROUNDS = ("paper", "surface", "sunken", "hover", "accent_soft")
TEXT_PAIRS = [
    *[(ink, ground) for ink in ("ink", "ink_2") for ground in GROUNDS],
    *[("ink", f"{state}_soft") for state in STATES],
    *[("accent", ground) for ground in GROUNDS],
    *[
        (f"{state}_text", ground)
        for state in STATES
        for ground in (f"{state}_soft", "paper", "surface", "hover")
    ],
    ("over_accent", "accent"),
    ("over_accent", "accent_press"),
    ("paper", "ink"),
    ("map_label", "map_halo"),
]


def read_tokens(stylesheet: Path = STYLESHEET) -> dict[str, dict[str, str]]:
    """Colours as "#RRGGBB" by theme ("day", "night", "sun") and name; what one leaves out is as by day."""
    css = stylesheet.read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = {}
    for theme, block in BLOCKS.items():
        inside = re.search(block, css, re.S)
        if inside is None:
            raise ValueError(f"{stylesheet} has no block for the theme {theme}.")
        found[theme] = {
            name.replace("-", "_").replace("on_accent", "over_accent"): colour
            for name, colour in re.findall(r"--([\w-]+):\s*(#[0-9A-Fa-f]{6})", inside[1])
        }
    return {theme: found["day"] | own for theme, own in found.items()}


def _luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two "#RRGGBB" colours, 1 to 21, as WCAG 2.2 defines it."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)
