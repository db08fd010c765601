"""Photographs: cropped to their frame, with a caption; a strip of them."""

from collections import OrderedDict
from collections.abc import Callable
from io import BytesIO
from typing import Any, ClassVar

from kivy.core.image import Image as CoreImage
from kivy.properties import ListProperty, ObjectProperty, StringProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

KEPT = 60  # textures; a row's photo is asked for again at every scroll


class Photo(ButtonBehavior, Widget):
    """A photograph filling its frame, cropped where its shape is another one."""

    photo_id = StringProperty()
    caption = StringProperty()
    texture = ObjectProperty(None, allownone=True)
    piece = ObjectProperty(None, allownone=True)

    # where the bytes come from; set once by the app, because recycled rows only carry an id
    read: ClassVar[Callable[[str], bytes | None] | None] = None
    _textures: ClassVar[OrderedDict[str, Any]] = OrderedDict()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bind(photo_id=self._load, size=self._fit)
        self._load()

    def _load(self, *_: Any) -> None:
        self.texture = self._texture_of(self.photo_id) if self.photo_id else None
        self._fit()

    @classmethod
    def _texture_of(cls, photo_id: str) -> Any:
        if photo_id in cls._textures:
            cls._textures.move_to_end(photo_id)
            return cls._textures[photo_id]
        jpeg = cls.read(photo_id) if cls.read else None
        if jpeg is None:
            return None
        texture = cls._textures[photo_id] = CoreImage(BytesIO(jpeg), ext="jpg").texture
        while len(cls._textures) > KEPT:
            cls._textures.popitem(last=False)
        return texture

    def _fit(self, *_: Any) -> None:
        """Its middle, as much as has the frame's shape."""
        whole = self.texture
        if not (whole and self.width and self.height):
            self.piece = None
            return
        ratio = (self.width / self.height) / (whole.width / whole.height)
        wide, high = whole.width * min(1, ratio), whole.height * min(1, 1 / ratio)
        self.piece = whole.get_region((whole.width - wide) / 2, (whole.height - high) / 2, wide, high)


class Strip(BoxLayout):
    """Photos taken, side by side; a press on one is answered by `pressed(photo)`."""

    photos = ListProperty()
    pressed = ObjectProperty(None, allownone=True)

    def on_photos(self, *_: Any) -> None:
        self.clear_widgets()
        for view in self.photos:
            photo = Photo(
                photo_id=view.photo_id if view.has_bytes else "",
                caption=view.caption,
                size_hint=(None, 1),
                width=self.height * 1.3,
            )
            photo.bind(on_release=lambda _, view=view: self.pressed and self.pressed(view))
            self.add_widget(photo)
