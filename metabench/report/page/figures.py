"""Figures inside the page: the file itself as an address, and what is said of it."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

from PIL import Image

from metabench.report.page.captions import caption

TITLE = ".//{http://purl.org/dc/elements/1.1/}title"
NARROW = 400  # points; a figure that is not as wide as the page
ROOM = 1_200_000  # letters of all drawings of a page
LARGE = 60_000  # letters of a drawing that is shown as a picture where there is no room for all
WIDTH, QUALITY = 1_000, 60  # of that picture: pixels, and per cent
TALLEST = 16_383  # pixels: what webp can be


def figures(paths: list[Path], facts: dict[str, Any]) -> list[dict[str, str]]:
    """What the page needs of each svg, so that a large study's page is not too large to be sent.

    Where there is no room for all drawings, the large ones are shown as pictures. Their files are
    drawings always.
    """
    crowded = sum(path.stat().st_size for path in paths) > ROOM
    return [
        figure(path, facts[path.stem], crowded and path.stat().st_size > LARGE) for path in paths
    ]


def figure(path: Path, facts: dict[str, Any], as_picture: bool) -> dict[str, str]:
    """A figure's name, caption, what a reader who cannot see it is told, and its content."""
    svg = path.read_text(encoding="utf-8")
    tree = ElementTree.fromstring(svg)
    narrow = float(tree.attrib["width"].removesuffix("pt")) < NARROW
    # What is drawn in ink on white is shown on dark as light on black; a photograph is not.
    kind = "pictures" if "<image" in svg else "ink"
    content = picture(path.with_suffix(".png")) if as_picture else shortened(svg).encode()
    media = "image/webp" if as_picture else "image/svg+xml"
    return {
        "name": path.stem,
        "caption": caption(path.stem, facts),
        "alt": tree.findtext(TITLE, ""),
        "kind": f"{kind} narrow" if narrow else kind,
        "data": f"data:{media};base64,{base64.b64encode(content).decode()}",
    }


def shortened(svg: str) -> str:
    """The same drawing with paths to a hundredth of a point: a third of the file is digits."""

    def path(found: re.Match[str]) -> str:
        return re.sub(r"(\.\d\d)\d+", r"\1", found[0])

    return re.sub(r'\bd="[^"]*"', path, svg)


def picture(png: Path) -> bytes:
    """The same, no wider than the page and compressed, as webp."""
    with Image.open(png) as whole:
        share = min(1.0, WIDTH / whole.width, TALLEST / whole.height)
        size = (round(share * whole.width), round(share * whole.height))
        small = whole.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    content = io.BytesIO()
    small.save(content, "WEBP", quality=QUALITY)
    return content.getvalue()
