"""Puts in place what is served or shown but not kept in git: web modules, the tablet's fonts, compiled words.

Run by `make setup` and `make run` after npm; does nothing when everything is there and nothing has changed.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "server" / "console" / "static" / "vendor"
TABLET = ROOT / "mobile" / "assets"
STAMP = MODULES / "assets.stamp"

WEB = {
    "maplibre-gl.mjs": "maplibre-gl/dist/maplibre-gl.mjs",
    "maplibre-gl-worker.mjs": "maplibre-gl/dist/maplibre-gl-worker.mjs",
    "maplibre-gl.css": "maplibre-gl/dist/maplibre-gl.css",
    "maplibre-gl.LICENSE.txt": "maplibre-gl/LICENSE.txt",
    "echarts.esm.min.mjs": "echarts/dist/echarts.esm.min.mjs",
    "echarts.LICENSE.txt": "echarts/LICENSE",
    "terra-draw.mjs": "terra-draw/dist/terra-draw.modern.js",
    "terra-draw.package.json": "terra-draw/package.json",  # names its licence, MIT; it ships no other text
    "terra-draw-maplibre.mjs": "terra-draw-maplibre-gl-adapter/dist/terra-draw-maplibre-gl-adapter.modern.js",
    "swagger-ui-bundle.js": "swagger-ui-dist/swagger-ui-bundle.js",
    "swagger-ui.css": "swagger-ui-dist/swagger-ui.css",
    "swagger-ui.LICENSE.txt": "swagger-ui-dist/LICENSE",
}
FONTS = {
    "NotoSansSC-Regular.ttf": "@expo-google-fonts/noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf",
    "NotoSansSC-Bold.ttf": "@expo-google-fonts/noto-sans-sc/700Bold/NotoSansSC_700Bold.ttf",
}
ICONS = "XungeIcons.ttf"
# Noto's own metrics leave text 0.06 em low in every button of Kivy, which centres by ascent and descent.
ASCENT, DESCENT = 1040, -280


def write_whole(target: Path, write: Callable[[Path], object]) -> None:
    """Lets nobody see half a file: written beside its place, then moved there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        write(draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def copy_web_modules() -> None:
    for name, source in WEB.items():
        write_whole(VENDOR / name, lambda draft, source=source: copy_web_module(MODULES / source, draft))


def copy_web_module(source: Path, draft: Path) -> None:
    """A module as it came; what it imports by a package's name it finds by address: pages allow no import map."""
    if source.suffix != ".js" or b'from"terra-draw"' not in (text := source.read_bytes()):
        shutil.copyfile(source, draft)
        return
    draft.write_bytes(text.replace(b'from"terra-draw"', b'from"./terra-draw.mjs"'))


def build_fonts() -> None:
    from fontTools.ttLib import TTFont

    for name, source in FONTS.items():
        font = TTFont(MODULES / source)
        font["hhea"].ascent, font["hhea"].descent, font["hhea"].lineGap = ASCENT, DESCENT, 0
        write_whole(TABLET / name, font.save)


def build_icons() -> None:
    target = TABLET / ICONS
    if target.exists() and target.stat().st_mtime_ns > (ROOT / "mobile/ui/strokes.txt").stat().st_mtime_ns:
        return
    sys.path.insert(0, str(ROOT))
    from mobile.ui.icons import build

    write_whole(target, build)


def compile_words() -> None:
    for catalogue in sorted((ROOT / "server" / "locale").glob("*/LC_MESSAGES/*.po")):
        compiled = catalogue.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime_ns > catalogue.stat().st_mtime_ns:
            continue
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        with catalogue.open("rb") as text:
            words = read_po(text, locale=catalogue.parent.parent.name)

        def save(draft: Path, words: object = words) -> None:
            with draft.open("wb") as binary:
                write_mo(binary, words)

        write_whole(compiled, save)


def inputs_hash() -> str:
    digest = hashlib.sha256()
    for path in (ROOT / "package-lock.json", Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def main() -> int:
    compile_words()
    build_icons()
    wanted = inputs_hash()
    places = [VENDOR / name for name in WEB] + [TABLET / name for name in FONTS]
    if all(place.exists() for place in places) and STAMP.exists() and STAMP.read_text() == wanted:
        return 0
    missing = [source for source in (*WEB.values(), *FONTS.values()) if not (MODULES / source).exists()]
    if missing:
        print(f"node_modules lacks {missing[0]}: run `make setup`.", file=sys.stderr)
        return 1
    print("Placing web modules and fonts")
    copy_web_modules()
    build_fonts()
    STAMP.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
