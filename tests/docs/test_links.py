"""What the documents point to is there."""

from __future__ import annotations

import re

import pytest
from documents import DOCUMENTS, NAMES, PROJECT, anchors, blocks, code, links

from metabench.cli import make_parser

# Files that a run makes, or that a reader writes.
MADE = ("results/", "reports/", "logs/", "mine/", "my_algorithms/", ".snakemake/", "/", "~")
ROOTS = ("", "metabench", "metabench/datasets", "config", "docs", "metabench/algorithms")
ENDINGS = r"(py|smk|ya?ml|csv|md|txt|bib|html|toml|cff|css)"


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_every_link_leads_to_a_file_and_a_heading(document) -> None:
    text = document.read_text(encoding="utf-8")
    for link in links(text):
        name, _, anchor = link.partition("#")
        target = document.parent / name if name else document
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_every_file_of_the_project_that_is_named_is_there(document) -> None:
    for name in code(document.read_text(encoding="utf-8")):
        if not re.fullmatch(rf"[\w.-]+(/[\w.-]+)+(\.{ENDINGS}|/)", name) or name.startswith(MADE):
            continue
        assert any((PROJECT / root / name).exists() for root in ROOTS), name


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_every_command_of_metabench_that_is_named_is_one(document) -> None:
    known = make_parser().format_help()
    for name in code(document.read_text(encoding="utf-8")):
        if found := re.match(r"metabench ([a-z][a-z-]*)", name):
            assert re.search(rf"^    {found[1]} ", known, re.M), name


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_every_fence_says_what_is_in_it(document) -> None:
    """A fence without a language might hold commands that no test sees."""
    languages = {block.language for block in blocks(document.read_text(encoding="utf-8"))}
    assert languages <= {"sh", "python", "yaml", "snakemake", "js"}


def test_a_dead_link_is_found() -> None:
    text = (
        "# A *title*, `code` & more\n[a](b.md#c) ![d](e.png) [f](https://g)\n```sh\n[x](y)\n```\n"
    )
    assert links(text) == ["b.md#c", "e.png"]
    assert anchors(text) == {"a-title-code--more"}
