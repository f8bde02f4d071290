"""The documents, and what stands in them: fences, commands, links, headings, names of files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).resolve().parents[2]
PLACES = ("*.md", "docs/*.md", "docs/reproduction/*/README.md")
DOCUMENTS = sorted(file for place in PLACES for file in PROJECT.glob(place))
NAMES = [str(document.relative_to(PROJECT)) for document in DOCUMENTS]

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
FILE = re.compile(r"\A(?:#|//) file: (\S+)\n")


class Block(NamedTuple):
    """What stands in one fence."""

    language: str
    text: str

    @property
    def file(self) -> str:
        """The file that the block is to be, where its first line says so."""
        named = FILE.match(self.text)
        return named[1] if named else ""


def blocks(text: str) -> list[Block]:
    """The fences of a document, in order."""
    return [Block(*found) for found in FENCE.findall(text)]


def commands(block: Block) -> list[str]:
    """The commands of a fence, without comments, each side of `&&` by itself."""
    joined = block.text.replace("\\\n", " ")
    lines = [re.sub(r"(^|\s+)# .*", "", line) for line in joined.splitlines()]
    parts = [part for line in lines for part in line.split("&&")]
    return [" ".join(part.split()) for part in parts if part.strip()]


def prose(text: str) -> str:
    """A document without its fences."""
    return FENCE.sub("", text)


def links(text: str) -> list[str]:
    """Where links and images point to, other hosts left out."""
    found = re.findall(r"\]\(([^)\s]+)\)", prose(text))
    return [link for link in found if not link.startswith(("http://", "https://"))]


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives the headings."""
    headings = re.findall(r"^#+ (.*)$", prose(text), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def code(text: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`\n]+)`", prose(text))
