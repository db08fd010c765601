"""The mark of the project: nine cells, one walked path, a dot where the walker is."""

from typing import Any

from kivy.graphics import Color, SmoothEllipse, SmoothLine, SmoothRoundedRectangle
from kivy.uix.widget import Widget

from mobile.ui.theme import theme

PATH = ((6, 26), (6, 6), (16, 6), (16, 26), (26, 26), (26, 9))


class Logo(Widget):
    """Drawn on a 32 x 32 board, y downwards, in the theme's colours."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bind(pos=self._draw, size=self._draw)
        theme.bind(mode=self._draw)

    def _draw(self, *_: Any) -> None:
        self.canvas.clear()
        scale = min(self.size) / 32

        def at(x: float, y: float) -> tuple[float, float]:
            return self.x + x * scale, self.center_y + (16 - y) * scale

        with self.canvas:
            Color(*theme.ramp_2)
            for cell in range(9):
                corner = at(2 + 10 * (cell % 3), 10 + 10 * (cell // 3))
                SmoothRoundedRectangle(pos=corner, size=(8 * scale, 8 * scale), radius=[scale])
            Color(*theme.accent)
            points = [number for point in PATH for number in at(*point)]
            SmoothLine(points=points, width=1.5 * scale, joint="round", cap="round")
            SmoothEllipse(pos=at(22, 10), size=(8 * scale, 8 * scale))
