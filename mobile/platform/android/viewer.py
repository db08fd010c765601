"""The viewer: a copy in Android's downloads, given by its content address to an app that shows such files.

Like the camera's picture the copy needs no permission and no file address (Android 10 and later), and other apps see it
only by the leave that goes along with the address. It lies there until the window is back.
"""

from typing import Any

from mobile.platform.android import activity, java, jnius

MARK = (
    "xunge-"  # what an app that was killed left behind is found by it; only our own entries can be taken away
)
NO_APP = "android.content.ActivityNotFoundException"


def shown_as(name: str) -> str:
    """What the copy is called: the document's name behind our mark, in one piece."""
    return MARK + "".join("_" if sign in "/\\" or not sign.isprintable() else sign for sign in name)[-80:]


class AndroidViewer:
    """Whatever app the worker has for such files."""

    def show(self, name: str, mime: str, data: bytes) -> bool:
        values = java("android.content.ContentValues")()
        values.put("_display_name", shown_as(name))
        values.put("mime_type", mime)
        resolver = activity().getContentResolver()
        place = resolver.insert(_downloads(), values)
        if place is None:
            return False
        stream = resolver.openOutputStream(place)
        try:
            stream.write(data)
        finally:
            stream.close()
        intent_class = java("android.content.Intent")
        intent = intent_class(intent_class.ACTION_VIEW)
        intent.setDataAndType(place, mime)
        intent.addFlags(intent_class.FLAG_GRANT_READ_URI_PERMISSION)
        try:
            activity().startActivity(intent)
        except jnius.JavaException as trouble:
            if trouble.classname != NO_APP:
                raise
            self.put_away()
            return False
        return True

    def put_away(self) -> None:
        activity().getContentResolver().delete(_downloads(), "_display_name like ?", [MARK + "%"])


def _downloads() -> Any:
    return java("android.provider.MediaStore$Downloads").EXTERNAL_CONTENT_URI
