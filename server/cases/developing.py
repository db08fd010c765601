"""A program of its own: opens pictures that nobody vouches for, each in a child that has limits, and makes the copies.

It reads one JSON object a line ({original, copy, thumb}: paths) and answers one a line: {mime, width, height}, or
{refused: code}, or {died: signal}. It needs Pillow and the standard library only; `darkroom.py` is its other end.
A fork for each picture costs milliseconds, and whatever a decoder does with a forged file ends with that child.
"""

import ctypes
import io
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms, ImageFile, ImageOps, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

MOST_PIXELS = 100_000_000
MOST_MEMORY = 1_500_000_000
MOST_CPU_S = 30
MOST_WRITTEN = 20_000_000
COPY_SIDE, THUMB_SIDE = 2048, 320
QUALITY = 85
MIMES = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
# Loaded before the fork, so that no child pays for it.
PLUGINS = (JpegImagePlugin, PngImagePlugin, WebPImagePlugin)
LIBC, PR_SET_PDEATHSIG = ctypes.CDLL(None), 1
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


class Refused(Exception):
    """The picture is not taken; the argument is a code of `blobs.REFUSALS`."""


def limit() -> None:
    """What one picture may cost."""
    for what, most in (
        (resource.RLIMIT_AS, MOST_MEMORY),
        (resource.RLIMIT_CPU, MOST_CPU_S),
        (resource.RLIMIT_FSIZE, MOST_WRITTEN),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def develop(original: str, copy: str, thumb: str) -> dict[str, Any]:
    """Decodes the whole picture and writes copy and thumbnail: upright, sRGB, pixels and nothing else."""
    with Image.open(original, formats=("JPEG", "PNG", "WEBP")) as picture:
        width, height = picture.size
        mime = MIMES[picture.format or ""]
        if width * height > MOST_PIXELS:
            raise Refused("too_many_pixels")
        if picture.format != "MPO" and getattr(picture, "n_frames", 1) > 1:
            raise Refused("moving")
        picture.draft("RGB", (COPY_SIDE, COPY_SIDE))
        picture.load()
        shown = bare(picture)
    write(shown, copy)
    shown.thumbnail((THUMB_SIDE, THUMB_SIDE))
    write(shown, thumb)
    return {"mime": mime, "width": width, "height": height}


def bare(picture: ImageFile.ImageFile) -> Image.Image:
    """The pixels alone: no EXIF, no place, no profile, no comment, no text. Transparent parts become white."""
    profile = picture.info.get("icc_profile")
    small: Image.Image = picture
    if small.mode.startswith("I") or small.mode == "F":
        small = small.point(lambda value: value / 256).convert("L")
    elif small.mode == "P":
        small = small.convert("RGBA" if "transparency" in small.info else "RGB")
    small.thumbnail((COPY_SIDE, COPY_SIDE))
    small = ImageOps.exif_transpose(small)
    if profile and small.mode in ("RGB", "CMYK", "L"):
        small = in_srgb(small, profile)
    clear = small.convert("RGBA") if "A" in small.mode or "transparency" in small.info else None
    clean = Image.new("RGB", small.size, "white")
    clean.paste(clear or small.convert("RGB"), mask=clear)
    return clean


def in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """The colours as a screen shows them, for the profile is left out; as they are when it cannot be read."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        changed = ImageCms.profileToProfile(picture, source, SRGB, outputMode="RGB")
    except (OSError, ImageCms.PyCMSError):
        return picture
    return changed or picture


def write(picture: Image.Image, path: str) -> None:
    """On the disk when this returns: the caller only renames it."""
    with Path(path).open("xb") as file:
        picture.save(file, "JPEG", quality=QUALITY)
        file.flush()
        os.fsync(file.fileno())


def answer_for(order: dict[str, str]) -> dict[str, Any]:
    """One picture in this process, limits set; every failure of a decoder is an answer."""
    try:
        limit()
        return develop(**order)
    except Refused as refusal:
        return {"refused": str(refusal)}
    except Image.DecompressionBombError:
        return {"refused": "too_many_pixels"}
    except MemoryError:
        return {"refused": "too_costly"}
    except Exception as broken:
        # Pillow's readers raise nearly anything on forged input; here it can only mean that the file cannot be read.
        return {"refused": "unreadable", "why": f"{type(broken).__name__}: {broken}"[:200]}


def in_a_child(order: dict[str, str]) -> dict[str, Any]:
    """Forks, lets the child work, and gives its answer; {died: signal} when it did not live to give one."""
    coming, going = os.pipe()
    child = os.fork()
    if child == 0:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        for inherited in (coming, 0, 1):
            os.close(inherited)
        os.write(going, json.dumps(answer_for(order)).encode())
        os._exit(0)
    os.close(going)
    with os.fdopen(coming, "rb") as file:
        told = file.read(4000)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return {"died": os.WTERMSIG(status)}
    return dict(json.loads(told))


def main() -> None:
    """Answers line by line until the server that asks is gone."""
    Image.init()
    try:
        for line in sys.stdin:
            sys.stdout.write(json.dumps(in_a_child(json.loads(line))) + "\n")
            sys.stdout.flush()
    except BrokenPipeError:
        # The server was killed meanwhile: nobody waits for the answer, and nothing is to be flushed at the end.
        os._exit(0)


if __name__ == "__main__":
    main()
