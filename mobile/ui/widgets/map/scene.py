"""What one map draws: built once, moved by two uniforms, each part anew when it changed alone.

From below: the land, the pictures of a basemap, borders, facilities, cases, and what is written over all of them.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from kivy.clock import Clock
from kivy.graphics import Color, InstructionGroup, Mesh, Rectangle, RenderContext, ScissorPop, ScissorPush
from kivy.metrics import dp

from mobile.ui.theme import theme
from mobile.ui.widgets.map import meshes, shaders
from mobile.ui.widgets.map.badges import HALF_LINE, RADIUS, Badges, icon_texture
from mobile.ui.widgets.map.ground import Box, Ground, Layer
from mobile.ui.widgets.map.pictures import Pictures, shelf_of
from mobile.ui.widgets.map.writing import Writing

if TYPE_CHECKING:
    from mobile.ui.widgets.map.view import MapView

LIGHT = {"night": 0.5}  # of pictures: as bright as by day they would blind
WORST_LAST = ("closed", "paused", "ontime", "soon", "overdue")


class Scene:
    """The canvas of one map view."""

    def __init__(self, view: MapView) -> None:
        self.view = view
        self.badges: Badges | None = None
        self._layers: dict[str, list[tuple[RenderContext, dict[str, str]]]] = {}
        self._pictures: Pictures | None = None
        self._come = Clock.create_trigger(self._came)
        self._writing = Writing(view)

    def _program(
        self,
        of: str,
        kind: str,
        found: list[meshes.Mesh],
        inks: dict[str, str],
        texture: Any = None,
        **uniforms: float,
    ) -> Any:
        vertex, fragment, fmt = shaders.PROGRAMS[kind]
        # both shaders at once: setting one alone links it with the other's predecessor, which fails
        context = RenderContext(vs=vertex, fs=fragment, use_parent_projection=True, use_parent_modelview=True)
        for name, value in uniforms.items():
            context[name] = value
        for corners, faces in found:
            context.add(Mesh(fmt=fmt, vertices=corners, indices=faces, mode="triangles", texture=texture))
        self._layers.setdefault(of, []).append((context, inks))
        return context

    def build(self, ground: Ground) -> None:
        """Everything anew: another ground, or pictures that come or go."""
        canvas = self.view.canvas
        canvas.clear()
        self._layers = {}
        self._clip = ScissorPush()
        self._sea, self._floor = Color(), Rectangle()
        self._settled, self._marked, self._over = InstructionGroup(), InstructionGroup(), InstructionGroup()
        for instruction in (self._clip, self._sea, self._floor):
            canvas.add(instruction)
        self._draw(ground.land)
        self._hang(ground)
        self._draw(ground.outlines_on_pictures if self._pictures else ground.outlines)
        for instruction in (self._settled, self._marked, self._over, ScissorPop()):
            canvas.add(instruction)
        self.settle()
        self.mark()

    def _draw(self, layers: list[Layer]) -> None:
        for layer in layers:
            more = {"half_width": layer.half_width} if layer.kind == "line" else {}
            self.view.canvas.add(
                self._program("ground", layer.kind, layer.meshes, {"ink": layer.ink}, **more)
            )

    def _hang(self, ground: Ground) -> None:
        """The pictures of the basemap, over the land."""
        shown = self.view.pictures
        self._pictures = None
        if shown and shown.shown and not shown.trouble:
            context = self._program("ground", "picture", [], {}, light=1.0)
            self._pictures = Pictures(shelf_of(shown), context, ground.plane, self._come)
            self.view.canvas.add(context)

    def _came(self, *_: Any) -> None:
        """A tile is here that was not."""
        if self._pictures:
            self.view.broken = len(self._pictures.shelf.broken)
            self._pictures.look(self._box(), self.view.zoom, anew=True)

    def settle(self) -> None:
        """The facilities alone: another layer is shown, or the package is another one."""
        ground, shown = self.view.ground, self.view.facilities
        if ground is None or not self._layers:
            return
        self._layers.pop("facilities", None)
        self._settled.clear()
        self.badges = Badges(shown, ground.plane) if shown else None
        if self.badges:
            ink = {"ink": "map_label"}
            self._settled.add(
                self._program("facilities", "line", self.badges.lines(), ink, half_width=HALF_LINE)
            )
            for icon, found in self.badges.by_icon():
                texture, inks = icon_texture(icon), {**ink, "halo": "map_halo"}
                self._settled.add(
                    self._program("facilities", "badge", found, inks, texture, radius=dp(RADIUS))
                )
        self.restyle()

    def mark(self) -> None:
        """The marks alone: cases change often, the ground never."""
        ground, view = self.view.ground, self.view
        if ground is None or not self._layers:
            return
        self._layers.pop("marks", None)
        self._marked.clear()
        order = sorted(view.marks, key=lambda mark: WORST_LAST.index(mark.mood))
        spots = [
            (*ground.plane.metres((mark.lon, mark.lat)), shaders.MOODS.index(mark.mood)) for mark in order
        ]
        inks = {f"ink{number}": f"{mood}_mark" for number, mood in enumerate(shaders.MOODS[:4])}
        inks |= {"ink4": "closed_mark", "halo": "map_halo"}
        radius = float(view.mark_radius)
        self._marked.add(self._program("marks", "mark", meshes.marks(spots), inks, radius=radius))
        self.restyle()

    def restyle(self) -> None:
        """A new theme is a few uniforms, not a new upload."""
        self._writing.forget()
        if not self._layers:
            return
        self._sea.rgba = theme.map_land_2
        for context, inks in chain.from_iterable(self._layers.values()):
            for name, token in inks.items():
                context[name] = tuple(getattr(theme, token))  # a tuple: an ObservableList is refused
        if self._pictures:
            self._pictures.context["light"] = LIGHT.get(theme.mode, 1.0)
        self.place()

    def place(self) -> None:
        """Everything where the view looks now."""
        view, ground = self.view, self.view.ground
        if not (self._layers and ground):
            return
        if view.fit:
            view.fit_own(ground)
        self._clip.pos = [int(number) for number in view.to_window(*view.pos)]
        self._clip.size = [int(number) for number in view.size]
        self._floor.pos, self._floor.size = view.pos, view.size
        for context, _inks in chain.from_iterable(self._layers.values()):
            context["origin"], context["zoom"] = view.origin, float(view.zoom)
        if self._pictures:
            self._pictures.look(self._box(), view.zoom)
        self._writing.write(self._over, ground)

    def _box(self) -> Box:
        """What is seen, in metres on the ground's plane."""
        view = self.view
        across, up = view.width / view.zoom / 2, view.height / view.zoom / 2
        east, north = view.centre
        return east - across, north - up, east + across, north + up
