"""What the map writes at screen size: names of grids, captions of marks, the own position and the pin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kivy.core.text import Label as CoreLabel
from kivy.graphics import Color, InstructionGroup, Rectangle, SmoothEllipse, SmoothLine
from kivy.metrics import dp

from mobile.ui.lines import autospace
from mobile.ui.theme import theme
from mobile.ui.widgets.map.ground import Box, Ground, Named

if TYPE_CHECKING:
    from mobile.ui.widgets.map.view import MapView

CAPTIONED = 50  # marks; more are not worth reading
NAMES_FROM = 0.34  # pixels a metre: closer, each grid is named; farther, the streets
OWN_NAMES_FROM = 0.12
LARGE_FROM = 0.5
SEATS = [(dx, dy) for dy in (0, 36, -36, 72, -72, 108, -108) for dx in (0, -80, 80, -160, 160)]


class Writing:
    """Lays out the words of one map anew at each move; their textures are kept."""

    def __init__(self, view: MapView) -> None:
        self.view = view
        self._textures: dict[Any, Any] = {}
        self._taken: list[Box] = []

    def forget(self) -> None:
        """Theme or text size changed: every texture is drawn again."""
        self._textures.clear()

    def _text(self, words: str, size: float, ink: Any, bold: bool) -> Any:
        key = words, size, bold, tuple(ink)
        if key not in self._textures:
            label = CoreLabel(
                text=autospace(words),
                font_size=size,
                bold=bold,
                color=ink,
                outline_width=2,
                outline_color=theme.map_halo[:3],
            )
            label.refresh()
            self._textures[key] = label.texture
        return self._textures[key]

    def write(self, over: InstructionGroup, ground: Ground) -> None:
        over.clear()
        self._over, self._taken = over, []
        self._positions()
        self._captions()
        self._own_names(ground)
        self._other_names(ground)

    # ---- positions ---------------------------------------------------------------------------------------

    def _positions(self) -> None:
        view = self.view
        if view.focus:
            x, y = view.at(view.focus)
            for colour, width in ((theme.map_halo, dp(3)), (theme.accent, dp(2))):
                self._over.add(Color(*colour))
                self._over.add(SmoothLine(circle=(x, y, dp(20)), width=width))
        if view.here:
            self._circle(view.here, theme.accent)
        if view.pin:
            self._circle(view.pin, theme.accent)
            self._needle(*view.at((view.pin.lon, view.pin.lat)))

    def _circle(self, position: Any, ink: Any) -> None:
        x, y = self.view.at((position.lon, position.lat))
        around = max(position.accuracy_m * self.view.zoom, dp(12))
        for colour, alpha, radius in (
            (ink, 0.14, around),
            (theme.map_halo, 1, dp(11)),
            (ink, 1, dp(8)),
        ):
            self._over.add(Color(*colour[:3], alpha))
            self._over.add(SmoothEllipse(pos=(x - radius, y - radius), size=(2 * radius, 2 * radius)))
        self._over.add(Color(*ink[:3], 0.9))
        self._over.add(SmoothLine(circle=(x, y, around), width=1.1))
        self._taken.append((x - 16, y - 16, x + 16, y + 16))

    def _needle(self, x: float, y: float) -> None:
        """A pin standing on the spot: its head clears the finger that drags it."""
        head = dp(34)
        self._over.add(Color(*theme.accent))
        self._over.add(SmoothLine(points=[x, y, x, y + head], width=dp(1.6)))
        for colour, radius in ((theme.map_halo, dp(13)), (theme.accent, dp(11)), (theme.map_halo, dp(4))):
            self._over.add(Color(*colour))
            self._over.add(SmoothEllipse(pos=(x - radius, y + head - radius), size=(2 * radius, 2 * radius)))
        self._taken.append((x - 16, y - 4, x + 16, y + head + 16))

    # ---- words -------------------------------------------------------------------------------------------

    def _put(self, x: float, y: float, texture: Any, always: bool = False) -> bool:
        """Writes with the lower left corner at window pixels x, y unless something is there already."""
        width, height = texture.size
        view = self.view
        frame = x - 4, y - 2, x + width + 4, y + height + 2
        if x > view.right or y > view.top or x + width < view.x or y + height < view.y:
            return True
        if not always and any(
            frame[0] < other[2] and frame[2] > other[0] and frame[1] < other[3] and frame[3] > other[1]
            for other in self._taken
        ):
            return False
        self._taken.append(frame)
        self._over.add(Color(1, 1, 1, 1))
        self._over.add(Rectangle(texture=texture, pos=(round(x), round(y)), size=texture.size))
        return True

    def _captions(self) -> None:
        marks = self.view.marks if len(self.view.marks) < CAPTIONED else []
        spots = [(*self.view.at((mark.lon, mark.lat)), mark.caption) for mark in marks]
        self._taken += [(x - 12, y - 12, x + 12, y + 12) for x, y, _ in spots]
        for x, y, caption in spots:
            if caption:
                texture = self._text(caption, theme.small, theme.ink, True)
                self._put(x + self.view.mark_radius + 6, y - texture.height / 2, texture)

    def _own_names(self, ground: Ground) -> None:
        zoom = self.view.zoom
        if zoom < OWN_NAMES_FROM:
            return
        for grid in ground.mine:
            texture = self._text(
                grid.name, theme.lead if zoom > LARGE_FROM else theme.small, theme.accent, True
            )
            any(self._seat(grid, texture, dx, dy) for dx, dy in SEATS)

    def _seat(self, grid: Named, texture: Any, dx: float, dy: float) -> bool:
        """Writes the name off the middle by dx, dy pixels when all of it stays inside the grid."""
        zoom, (left, bottom) = self.view.zoom, self.view.origin
        x, y = grid.middle[0] + dx / zoom, grid.middle[1] + dy / zoom
        across, up = texture.width / zoom / 2, texture.height / zoom / 2
        corners = [(x - across, y - up), (x + across, y - up), (x + across, y + up), (x - across, y + up)]
        if not all(grid.holds(corner) for corner in corners):
            return False
        return self._put(x * zoom + left - texture.width / 2, y * zoom + bottom - texture.height / 2, texture)

    def _other_names(self, ground: Ground) -> None:
        zoom, (left, bottom) = self.view.zoom, self.view.origin
        near = zoom > NAMES_FROM
        for grid in ground.grids if near else ground.levels.get(1, []):
            if near and grid.mine:
                continue
            texture = self._text(grid.name, theme.small if near else theme.lead, theme.map_label, not near)
            x, y = grid.middle[0] * zoom + left, grid.middle[1] * zoom + bottom
            self._put(x - texture.width / 2, y - texture.height / 2, texture)
