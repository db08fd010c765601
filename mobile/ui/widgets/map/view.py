"""The map widget: draws the ground once, moves it by two uniforms, answers fingers."""

import math
from dataclasses import dataclass
from typing import Any

from kivy.clock import Clock
from kivy.graphics import Color, InstructionGroup, Mesh, Rectangle, RenderContext, ScissorPop, ScissorPush
from kivy.metrics import dp
from kivy.properties import BooleanProperty, ListProperty, NumericProperty, ObjectProperty
from kivy.uix.widget import Widget

from mobile.core.views import LonLat
from mobile.ui.theme import theme
from mobile.ui.widgets.map import meshes, shaders
from mobile.ui.widgets.map.ground import Ground, ground_of
from mobile.ui.widgets.map.writing import Writing

CLOSEST, FARTHEST = 8.0, 0.02  # pixels a metre
REACH = 32  # dp: how far from a mark or the pin a finger still means it
TAP = 12  # dp: a finger that moved less did not drag
WORST_LAST = ("closed", "paused", "ontime", "soon", "overdue")


@dataclass(frozen=True)
class Mark:
    """A case on the map."""

    case_id: str
    lon: float
    lat: float
    mood: str
    caption: str = ""


class MapView(Widget):
    """`here` and `pin` are positions or None: where the tablet is, what is being placed."""

    shapes = ObjectProperty(None, allownone=True)
    marks = ListProperty()
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
        self._layers: list[tuple[RenderContext, dict[str, str]]] = []
        self._fingers: list[Any] = []
        self._dragging = False
        self._ground: Ground | None = None
        self._writing = Writing(self)
        super().__init__(**kwargs)
        draw, move = Clock.create_trigger(self._build), Clock.create_trigger(self._place, -1)
        self.bind(shapes=draw, marks=Clock.create_trigger(self._mark, -1))
        for name in ("pos", "size", "centre", "zoom", "here", "pin", "fit"):
            self.fbind(name, move)
        theme.bind(mode=self._restyle, scale=self._restyle)  # bound methods are held weakly
        draw()

    # a finger chose a case, or put the pin: lon, lat, accuracy in metres
    def on_mark(self, case_id: str) -> None:
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

    # ---- built once, moved by uniforms ---------------------------------------------------------------------

    def _program(self, kind: str, found: list[meshes.Mesh], inks: dict[str, str], **uniforms: float) -> Any:
        vertex, fragment, fmt = shaders.PROGRAMS[kind]
        # both shaders at once: setting one alone links it with the other's predecessor, which fails
        context = RenderContext(vs=vertex, fs=fragment, use_parent_projection=True, use_parent_modelview=True)
        for name, value in uniforms.items():
            context[name] = value
        for corners, faces in found:
            context.add(Mesh(fmt=fmt, vertices=corners, indices=faces, mode="triangles"))
        self._layers.append((context, inks))
        return context

    def _build(self, *_: Any) -> None:
        if not self.shapes:
            return
        self._ground = ground = ground_of(self.shapes)
        self.canvas.clear()
        self._layers = []
        self._clip = ScissorPush()
        self._sea, self._floor = Color(), Rectangle()
        self._marked, self._over = InstructionGroup(), InstructionGroup()
        for instruction in (self._clip, self._sea, self._floor):
            self.canvas.add(instruction)
        for layer in ground.layers:
            more = {"half_width": layer.half_width} if layer.kind == "line" else {}
            self.canvas.add(self._program(layer.kind, layer.meshes, {"ink": layer.ink}, **more))
        self._fixed = len(self._layers)
        for instruction in (self._marked, self._over, ScissorPop()):
            self.canvas.add(instruction)
        self._mark()

    def _mark(self, *_: Any) -> None:
        """The marks alone: cases change often, the ground never."""
        if self._ground is None or not self._layers:
            return
        del self._layers[self._fixed :]
        self._marked.clear()
        order = sorted(self.marks, key=lambda mark: WORST_LAST.index(mark.mood))
        spots = [
            (*self._ground.plane.metres((mark.lon, mark.lat)), shaders.MOODS.index(mark.mood))
            for mark in order
        ]
        inks = {f"ink{number}": f"{mood}_mark" for number, mood in enumerate(shaders.MOODS[:4])}
        inks |= {"ink4": "closed_mark", "halo": "map_halo"}
        radius = float(self.mark_radius)
        self._marked.add(self._program("mark", meshes.marks(spots), inks, radius=radius))
        self._restyle()

    def _restyle(self, *_: Any) -> None:
        """A new theme is a few uniforms, not a new upload."""
        self._writing.forget()
        if not self._layers:
            return
        self._sea.rgba = theme.map_land_2
        for context, inks in self._layers:
            for name, token in inks.items():
                context[name] = tuple(getattr(theme, token))  # a tuple: an ObservableList is refused
        self._place()

    def _fit_own(self, ground: Ground) -> None:
        left, bottom, right, top = ground.box()
        room = dp(28)
        across = (self.width - 2 * room) / max(right - left, 1)
        up = (self.height - 2 * room) / max(top - bottom, 1)
        self.zoom = min(max(min(across, up), FARTHEST), CLOSEST)
        self.centre = (left + right) / 2, (bottom + top) / 2

    def _place(self, *_: Any) -> None:
        if not (self._layers and self._ground):
            return
        if self.fit:
            self._fit_own(self._ground)
        self._clip.pos = [int(number) for number in self.to_window(*self.pos)]
        self._clip.size = [int(number) for number in self.size]
        self._floor.pos, self._floor.size = self.pos, self.size
        for context, _inks in self._layers:
            context["origin"], context["zoom"] = self.origin, float(self.zoom)
        self._writing.write(self._over, self._ground)

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
        distance, case_id = min(near, default=(math.inf, ""))
        if distance < dp(REACH):
            self.dispatch("on_mark", case_id)
        elif self.placing:
            self._put(spot)

    def _put(self, spot: tuple[float, float]) -> None:
        """The pin goes where the finger is; a finger is about 12 dp sure of itself."""
        if self._ground:
            metres = (spot[0] - self.origin[0]) / self.zoom, (spot[1] - self.origin[1]) / self.zoom
            lon, lat = self._ground.plane.degrees(metres)
            self.dispatch("on_place", lon, lat, round(max(dp(12) / self.zoom, 3), 1))
