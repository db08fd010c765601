"""Files as phones and as attackers make them: real pictures with a place in them, bombs, polyglots, halves."""

import io
import struct
import zipfile
import zlib
from typing import Any

from PIL import Image

GPS, MAKE, MODEL, ORIENTATION = 0x8825, 0x010F, 0x0110, 0x0112


def encoded(picture: Image.Image, form: str, **more: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **more)
    return out.getvalue()


def noise(width: int = 640, height: int = 480) -> Image.Image:
    """Something that does not compress to nothing."""
    return Image.effect_noise((width, height), 60).convert("RGB")


def photo(width: int = 640, height: int = 480, turned: int = 1, form: str = "JPEG") -> bytes:
    """As a phone writes it: place, maker, orientation, a comment; the upper half red, the lower one blue."""
    exif = Image.Exif()
    exif[MAKE], exif[MODEL], exif[ORIENTATION] = "Maker of phones", "Model 7", turned
    gps = exif.get_ifd(GPS)
    gps[1], gps[2], gps[3], gps[4] = "N", (30.0, 40.0, 12.5), "E", (104.0, 3.0, 40.25)
    picture = Image.new("RGB", (width, height), "red")
    picture.paste("blue", (0, height // 2, width, height))
    comment = {"comment": b"taken by Model 7"} if form == "JPEG" else {}
    return encoded(picture, form, exif=exif, **comment)


def png(width: int, height: int, *extra: bytes, pixels: bytes | None = None) -> bytes:
    """A PNG put together by hand, RGB of 8 bits."""
    data = zlib.compress(b"\0" * (width * 3 + 1) * height) if pixels is None else pixels
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", head), *extra, chunk(b"IDAT", data), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def packed(name: str = "Run.class", content: bytes = b"\xca\xfe\xba\xbe") -> bytes:
    """An archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def wrongly_measured(before: bytes) -> bytes:
    """An archive behind other bytes whose directory has a size that is not true; its offset is, and unzip goes there."""
    out = io.BytesIO(before)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("run.sh", b"rm -rf /")
    content = bytearray(out.getvalue())
    struct.pack_into("<I", content, content.rfind(b"PK\x05\x06") + 12, 7)
    return bytes(content)


def bombs() -> dict[str, tuple[bytes, str]]:
    """Small files that want much, and the reason for which each is refused."""
    swollen = zlib.compress(b"a" * 100_000_000, 9)
    return {
        "enormous dimensions": (png(60_000, 60_000, pixels=zlib.compress(b"\0" * 1000)), "too_many_pixels"),
        "a text that swells": (png(8, 8, chunk(b"zTXt", b"note\0\0" + swollen)), "unreadable"),
        "an international text that swells": (
            png(8, 8, chunk(b"iTXt", b"note\0\1\0\0\0" + swollen)),
            "unreadable",
        ),
        "a profile that swells": (png(8, 8, chunk(b"iCCP", b"p\0\0" + swollen)), "unreadable"),
        "an archive alone": (packed("zeros", b"\0" * 10_000_000), "not_a_picture"),
    }


def polyglots() -> dict[str, bytes]:
    """Pictures that are something else as well."""
    jpeg, flat = photo(), png(8, 8)
    html = b"<html><body onload=alert(1)></body></html>"
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    pdf = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF"
    return {
        "JPEG and JAR": jpeg + packed(),
        "PNG and JAR": flat + packed(),
        "WebP and JAR": encoded(noise(64, 64), "WEBP") + packed(),
        "JPEG and ZIP behind other bytes": jpeg + b"\0" * 500 + packed(),
        "JPEG and ZIP whose directory lies about its size": wrongly_measured(jpeg + b"\0" * 500),
        "JPEG and page behind other bytes": jpeg + b"junk" + html,
        "page in a PNG's text": png(8, 8, chunk(b"tEXt", b"Comment\0" + html)),
        "JPEG and page": jpeg + b"\r\n " + html,
        "PNG and page": flat + html,
        "JPEG and SVG": jpeg + svg,
        "JPEG and PDF": jpeg + b"\n" + pdf,
        "PDF in the first kilobyte": encoded(noise(64, 64), "JPEG", comment=pdf),
        "PDF without a version": encoded(noise(64, 64), "JPEG", comment=b"%PDF-\n1 0 obj<<>>endobj"),
        **{
            f"{name} in a comment": encoded(noise(64, 64), "JPEG", comment=comment)
            for name, comment in {
                "script": b"<script>alert(1)</script>",
                "script over two lines": b"<SCRIPT\nsrc=//elsewhere></SCRIPT>",
                "script behind a tabulator": b"<script\tsrc=//elsewhere></script>",
                "handler of a picture": b'<img src="x" onerror=alert(1)>',
                "handler of an SVG": b"<svg/onload = alert(1)>",
                "frame": b"<iframe src=//elsewhere>",
                "link": b"<a href=JavaScript:alert(1)>",
                "PHP": b"<?php system($_GET[0]); ?>",
                "PHP behind a tabulator": b"<?php\tsystem($_GET[0]);",
            }.items()
        },
        "JPEG and program": jpeg + b"\x7fELF\x02\x01\x01" + b"\0" * 60,
        "PNG and Windows program": flat + b"MZ" + b"\0" * 80,
        "PNG and shell": flat + b"#!/bin/sh\nrm -rf /",
        "JPEG and RAR": jpeg + b"Rar!\x1a\x07\x01\x00" + b"\0" * 40,
    }
