"""The map widget: what is to be seen, where it looks, and what fingers do (scene.py draws it)."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kivy.clock import Clock
from kivy.metrics import dp
from kivy.properties import BooleanProperty, ListProperty, NumericProperty, ObjectProperty
from kivy.uix.widget import Widget

from mobile.core.views import FacilityMark, LonLat
from mobile.ui.theme import theme
from mobile.ui.widgets.map.ground import Ground, ground_of
from mobile.ui.widgets.map.scene import Scene

CLOSEST, FARTHEST = 8.0, 0.02  # pixels a metre
REACH = 32  # dp: how far from a mark or the pin a finger still means it
TAP = 12  # dp: a finger that moved less did not drag


@dataclass(frozen=True)
class Mark:
    """A case on the map."""

    case_id: str
    lon: float
    lat: float
    mood: str
    caption: str = ""


class MapView(Widget):
    """`here` and `pin` are positions or None: where the tablet is, what is being placed; `focus` (lon, lat) is ringed.

    `facilities` is a FacilityMap or None, `pictures` a PicturesView or None; `broken` of its tiles cannot be opened.
    """

    shapes = ObjectProperty(None, allownone=True)
    marks = ListProperty()
    facilities = ObjectProperty(None, allownone=True)
    pictures = ObjectProperty(None, allownone=True)
    broken = NumericProperty(0)
    focus = ObjectProperty(None, allownone=True)
    here = ObjectProperty(None, allownone=True)
    pin = ObjectProperty(None, allownone=True)
    placing = BooleanProperty(False)  # a finger may put and drag the pin
    centre = ListProperty([0, 0])  # metres on the ground's plane
    zoom = NumericProperty(0.5)  # pixels a metre
    fit = BooleanProperty(True)  # keep the own grids filling the view until a finger moves it
    mark_radius = NumericProperty(dp(11))

    def __init__(self, **kwargs: Any) -> None:
        self.register_event_type("on_mark")
        self.register_event_type("on_place")
        self.register_event_type("on_facility")
        self._fingers: list[Any] = []
        self._dragging = False
        self._ground: Ground | None = None
        self._scene = Scene(self)
        super().__init__(**kwargs)
        draw, move = Clock.create_trigger(self._build), self._trigger(self._scene.place)
        self.bind(
            shapes=draw,
            pictures=draw,
            marks=self._trigger(self._scene.mark),
            facilities=self._trigger(self._scene.settle),
        )
        for name in ("pos", "size", "centre", "zoom", "here", "pin", "fit", "focus"):
            self.fbind(name, move)
        theme.bind(mode=self._restyle, scale=self._restyle)  # bound methods are held weakly
        draw()

    @staticmethod
    def _trigger(act: Callable[[], None]) -> Callable[..., None]:
        """Once before the next frame, however often it is asked for."""
        trigger: Callable[..., None] = Clock.create_trigger(lambda _: act(), -1)
        return trigger

    def _restyle(self, *_: Any) -> None:
        self._scene.restyle()

    # a finger chose a case or a facility, or put the pin: lon, lat, accuracy in metres
    def on_mark(self, case_id: str) -> None:
        pass

    def on_facility(self, mark: FacilityMark) -> None:
        pass

    def on_place(self, lon: float, lat: float, accuracy_m: float) -> None:
        pass

    @property
    def ground(self) -> Ground | None:
        return self._ground

    @property
    def origin(self) -> tuple[float, float]:
        return self.center_x - self.centre[0] * self.zoom, self.center_y - self.centre[1] * self.zoom

    def at(self, point: LonLat) -> tuple[float, float]:
        """Window pixels of a place in degrees."""
        if self._ground is None:
            return self.center
        x, y = self._ground.plane.metres(point)
        return x * self.zoom + self.origin[0], y * self.zoom + self.origin[1]

    def look_at(self, lon: float, lat: float, zoom: float) -> None:
        """Puts a place in the middle, at `zoom` pixels a metre."""
        self.fit = False
        self._ground = self._ground or (ground_of(self.shapes) if self.shapes else None)
        if self._ground:
            self.centre, self.zoom = self._ground.plane.metres((lon, lat)), zoom

    # ---- drawn -----------------------------------------------------------------------------------------------

    def _build(self, *_: Any) -> None:
        if self.shapes:
            self._ground = ground_of(self.shapes)
            self._scene.build(self._ground)

    def fit_own(self, ground: Ground) -> None:
        """The own grids fill the view."""
        left, bottom, right, top = ground.box()
        room = dp(28)
        across = (self.width - 2 * room) / max(right - left, 1)
        up = (self.height - 2 * room) / max(top - bottom, 1)
        self.zoom = min(max(min(across, up), FARTHEST), CLOSEST)
        self.centre = (left + right) / 2, (bottom + top) / 2

    # ---- fingers -------------------------------------------------------------------------------------------

    def zoom_by(self, factor: float) -> None:
        self.fit = False
        self.zoom = min(max(self.zoom * factor, FARTHEST), CLOSEST)

    def on_touch_down(self, touch: Any) -> bool:
        if not self.collide_point(*touch.pos):
            return super().on_touch_down(touch)
        if touch.is_mouse_scrolling:
            self.zoom_by(1.2 if touch.button == "scrolldown" else 1 / 1.2)
            return True
        touch.grab(self)
        self._fingers.append(touch)
        near_pin = self.pin and math.dist(self.at((self.pin.lon, self.pin.lat)), touch.pos) < dp(REACH)
        self._dragging = bool(self.placing and near_pin and len(self._fingers) == 1)
        return True

    def on_touch_move(self, touch: Any) -> bool:
        if touch.grab_current is not self:
            return super().on_touch_move(touch)
        if self._dragging:
            self._put(touch.pos)
        elif len(self._fingers) == 1:
            if math.dist(touch.pos, touch.opos) > dp(TAP) or not self.fit:
                self.fit = False
                self.centre = [self.centre[0] - touch.dx / self.zoom, self.centre[1] - touch.dy / self.zoom]
        elif len(self._fingers) == 2:
            other = next(finger for finger in self._fingers if finger is not touch)
            before, now = math.dist((touch.px, touch.py), other.pos), math.dist(touch.pos, other.pos)
            self.zoom_by(now / max(before, 1))
        return True

    def on_touch_up(self, touch: Any) -> bool:
        if touch.grab_current is not self:
            return super().on_touch_up(touch)
        touch.ungrab(self)
        alone = len(self._fingers) == 1
        self._fingers = [finger for finger in self._fingers if finger is not touch]
        if alone and not self._dragging and math.dist(touch.pos, touch.opos) < dp(TAP):
            self._tapped(touch.pos)
        self._dragging = False
        return True

    def _tapped(self, spot: tuple[float, float]) -> None:
        near = [(math.dist(self.at((mark.lon, mark.lat)), spot), mark.case_id) for mark in self.marks]
        badges = self._scene.badges
        distance, case_id = min(near, default=(math.inf, ""))
        far, facility = badges.nearest(self._metres(spot), self.zoom) if badges else (math.inf, None)
        if distance < dp(REACH) and distance <= far:
            self.dispatch("on_mark", case_id)
        elif facility and far < dp(REACH):
            self.dispatch("on_facility", facility)
        elif self.placing:
            self._put(spot)

    def _metres(self, spot: tuple[float, float]) -> tuple[float, float]:
        """A place of the window on the ground's plane."""
        return (spot[0] - self.origin[0]) / self.zoom, (spot[1] - self.origin[1]) / self.zoom

    def _put(self, spot: tuple[float, float]) -> None:
        """The pin goes where the finger is; a finger is about 12 dp sure of itself."""
        if self._ground:
            lon, lat = self._ground.plane.degrees(self._metres(spot))
            self.dispatch("on_place", lon, lat, round(max(dp(12) / self.zoom, 3), 1))
