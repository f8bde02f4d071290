"""Figures inside the page: the file itself as an address, and what is said of it."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

from metabench.report.page.captions import caption

TITLE = ".//{http://purl.org/dc/elements/1.1/}title"
NARROW = 400  # points; a figure that is not as wide as the page


def figure(path: Path, facts: dict[str, Any]) -> dict[str, str]:
    """A figure's name, caption, what a reader who cannot see it is told, and its content."""
    svg = path.read_text(encoding="utf-8")
    tree = ElementTree.fromstring(svg)
    narrow = float(tree.attrib["width"].removesuffix("pt")) < NARROW
    # What is drawn in ink on white is shown on dark as light on black; a photograph is not.
    kind = "pictures" if "<image" in svg else "ink"
    content = base64.b64encode(shortened(svg).encode()).decode()
    return {
        "name": path.stem,
        "caption": caption(path.stem, facts),
        "alt": tree.findtext(TITLE, ""),
        "kind": f"{kind} narrow" if narrow else kind,
        "data": f"data:image/svg+xml;base64,{content}",
    }


def shortened(svg: str) -> str:
    """The same drawing with paths to a hundredth of a point: a third of the file is digits."""

    def path(found: re.Match[str]) -> str:
        return re.sub(r"(\.\d\d)\d+", r"\1", found[0])

    return re.sub(r'\bd="[^"]*"', path, svg)
