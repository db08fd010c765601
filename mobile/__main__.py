"""`python -m mobile`: the tablet in a window; with --shots, pictures of its screens."""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from mobile.core.views import Position
from mobile.window import configure, copied
from server.settings import settings


def place(words: str) -> Position:
    """LON,LAT or LON,LAT,METRES in degrees (EPSG:4326)."""
    numbers = [float(number) for number in words.split(",")]
    if len(numbers) not in (2, 3) or not (-180 <= numbers[0] <= 180 and -90 <= numbers[1] <= 90):
        raise argparse.ArgumentTypeError("write it as LON,LAT or LON,LAT,METRES, in degrees")
    return Position(numbers[0], numbers[1], numbers[2] if len(numbers) == 3 else 8.0)


def size(words: str) -> tuple[int, int]:
    width, _, height = words.partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise argparse.ArgumentTypeError("write it as WIDTHxHEIGHT, in pixels")
    return int(width), int(height)


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mobile", description=__doc__)
    parser.add_argument(
        "--server", default=f"http://127.0.0.1:{settings().port}", help="address of the office"
    )
    parser.add_argument("--code", default="", help="enrolment code (python -m server enrol-code PERSON)")
    parser.add_argument(
        "--home", type=Path, default=settings().home / "tablet", help="where the tablet keeps its state"
    )
    parser.add_argument("--size", type=size, default=(1280, 800), metavar="WxH", help="of the window")
    parser.add_argument("--at", type=place, metavar="LON,LAT[,M]", help="where this desktop says that it is")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="*.jpg that stand in for the camera")
    parser.add_argument("--lang", choices=("zh-CN", "en"), help="language, instead of the one chosen before")
    parser.add_argument("--shots", type=Path, metavar="OUT", help="write a picture of each screen, then end")
    return parser


def main() -> int:
    wanted = arguments().parse_args()
    configure(wanted.size, density="1" if wanted.shots else None)
    from mobile.app import XungeApp

    if wanted.shots:
        from mobile.shots import Album, NotEnrolled

        try:
            Album(wanted.home, wanted.shots, wanted.lang or "zh-CN").fill(wanted.server, wanted.code)
        except NotEnrolled as trouble:
            print(trouble, file=sys.stderr)
            return 1
        return 0
    from mobile.core.tablet import Tablet
    from mobile.core.wreck import open_tablet
    from mobile.platform import choice

    language, home = wanted.lang or "zh-CN", choice.home_of(os.environ, wanted.home)
    machine = (
        choice.android(home, language)
        if choice.on_android()
        else choice.desktop(home, wanted.at, wanted.pictures, copied)
    )
    tablet = open_tablet(home, language, machine.keys, background=machine.background, network=machine.network)
    if wanted.lang and isinstance(tablet, Tablet):
        tablet.save_settings(replace(tablet.settings, language=wanted.lang))
    app = XungeApp(tablet, machine, server=wanted.server, code=wanted.code)
    app.run()
    if isinstance(app.tablet, Tablet):
        app.tablet.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
