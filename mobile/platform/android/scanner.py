"""The scanner: a photograph by the tablet's camera app, and ZXing, packed with the app, to read the code in it.

No live picture, so no permission for the camera and no service of Google's. The photograph is taken away like every
other (camera.py) and kept nowhere.
"""

from collections.abc import Callable
from io import BytesIO

from PIL import Image, ImageOps

from mobile.platform.android import java, jnius
from mobile.platform.ports import Camera

LONGEST = 1600  # pixels: a code that fills a fifth of the picture still has eight to a field
ZXING = "com.google.zxing"


def grey(jpeg: bytes) -> tuple[int, int, bytes]:
    """Width, height and the brightness of each pixel, row by row, of the picture upright and at most LONGEST a side."""
    with Image.open(BytesIO(jpeg)) as image:
        upright = ImageOps.exif_transpose(image).convert("L")
        upright.thumbnail((LONGEST, LONGEST))
        return upright.width, upright.height, upright.tobytes()


def read_by_zxing(width: int, height: int, brightness: bytes) -> str | None:
    """The text of the QR code in the picture, None when ZXing finds none that it can read."""
    source = java(f"{ZXING}.PlanarYUVLuminanceSource")(brightness, width, height, 0, 0, width, height, False)
    bitmap = java(f"{ZXING}.BinaryBitmap")(java(f"{ZXING}.common.HybridBinarizer")(source))
    hints = java("java.util.HashMap")()
    hints.put(java(f"{ZXING}.DecodeHintType").TRY_HARDER, java("java.lang.Boolean").TRUE)
    try:
        return str(java(f"{ZXING}.qrcode.QRCodeReader")().decode(bitmap, hints).getText())
    except jnius.JavaException as trouble:
        if not str(trouble.classname).startswith(ZXING):
            raise
        return None


class AndroidScanner:
    """Takes one photograph of the code."""

    looks = True

    def __init__(self, camera: Camera, read: Callable[[int, int, bytes], str | None] = read_by_zxing) -> None:
        self._camera, self._read = camera, read

    def scan(self, done: Callable[[str | None], None]) -> None:
        self._camera.shoot(lambda jpeg: done(self._read(*grey(jpeg)) if jpeg else None))
