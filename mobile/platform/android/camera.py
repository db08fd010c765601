"""The camera: the tablet's own app takes the picture into a place that Android gave us, and it is taken away at once.

The place is an entry of the media store, which needs no permission and no file address (Android 10 and later). The
picture lies there in the open only between shutter and return; it is read, deleted, and sealed by the core.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Any

from PIL import Image, ImageOps

from mobile.platform.android import activity, cast, java

REQUEST = 0x5847  # "XG"
LONGEST, QUALITY = 2560, 88
EXIF_ORIENTATION = 0x0112
CHUNK = 1 << 16


def fitted(jpeg: bytes) -> bytes:
    """At most LONGEST pixels a side and upright; taken time and place stay in its EXIF. Small ones stay as they are."""
    with Image.open(BytesIO(jpeg)) as image:
        exif = image.getexif()
        if max(image.size) <= LONGEST and exif.get(EXIF_ORIENTATION, 1) == 1:
            return jpeg
        upright = ImageOps.exif_transpose(image)
        exif.pop(EXIF_ORIENTATION, None)
        upright.thumbnail((LONGEST, LONGEST))
        out = BytesIO()
        upright.convert("RGB").save(out, "JPEG", quality=QUALITY, exif=exif)
        return out.getvalue()


class AndroidCamera:
    """Asks the tablet's camera app for one picture."""

    def __init__(self) -> None:
        self._done: Callable[[bytes | None], None] | None = None
        self._place: Any = None

    def shoot(self, done: Callable[[bytes | None], None]) -> None:
        from android.activity import bind

        media = java("android.provider.MediaStore$Images$Media")
        values = java("android.content.ContentValues")()
        values.put("_display_name", "xunge.jpg")
        values.put("mime_type", "image/jpeg")
        self._place = activity().getContentResolver().insert(media.EXTERNAL_CONTENT_URI, values)
        if self._place is None:
            done(None)
            return
        intent_class = java("android.content.Intent")
        intent = intent_class("android.media.action.IMAGE_CAPTURE")
        intent.putExtra("output", cast("android.os.Parcelable", self._place))
        intent.addFlags(
            intent_class.FLAG_GRANT_WRITE_URI_PERMISSION | intent_class.FLAG_GRANT_READ_URI_PERMISSION
        )
        self._done = done
        bind(on_activity_result=self._came_back)
        activity().startActivityForResult(intent, REQUEST)

    def _came_back(self, request: int, result: int, _intent: Any) -> None:
        from android.activity import unbind

        if request != REQUEST or self._done is None:
            return
        unbind(on_activity_result=self._came_back)
        done, self._done = self._done, None
        try:
            taken = self._read() if result == java("android.app.Activity").RESULT_OK else b""
        finally:
            activity().getContentResolver().delete(self._place, None, None)
        done(fitted(taken) if taken else None)

    def _read(self) -> bytes:
        stream = activity().getContentResolver().openInputStream(self._place)
        whole, buffer = bytearray(), bytearray(CHUNK)
        try:
            while (count := stream.read(buffer)) > 0:
                whole += buffer[:count]
        finally:
            stream.close()
        return bytes(whole)
