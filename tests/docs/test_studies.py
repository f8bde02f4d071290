"""docs/studies.md says of every study what its file says."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from documents import PROJECT, blocks, commands

from metabench.study import config
from metabench.study.config import Study
from metabench.study.file import ENTRY_KEYS, KEYS

PAGE = (PROJECT / "docs" / "studies.md").read_text(encoding="utf-8")
FILES = sorted(
    file.name for file in (PROJECT / "config").glob("*.yaml") if "\nstudy:" in file.read_text()
)


@cache
def load(name: str) -> Study:
    return config.load(PROJECT / "config" / name, PROJECT / "config")


def test_every_study_is_there() -> None:
    assert sorted(re.findall(r"^## `config/(.*)`$", PAGE, re.M)) == FILES
    assert sorted(re.findall(r"^\| \[`(.*?)`\]", PAGE, re.M)) == FILES


def test_every_key_that_a_study_may_have_is_explained() -> None:
    section = PAGE.partition("\n## What a file says\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.M) == [*KEYS, *ENTRY_KEYS]


@pytest.mark.parametrize("example", [b.text for b in blocks(PAGE) if b.language == "yaml"])
def test_every_example_is_a_study_that_can_be_run(example: str, tmp_path: Path) -> None:
    (tmp_path / "example.yaml").write_text(example)
    assert config.load(tmp_path / "example.yaml", PROJECT / "config").runs


@pytest.mark.parametrize("name", FILES)
def test_title_and_numbers_of_runs_are_the_study_s(name: str) -> None:
    study = load(name)
    _, found, section = PAGE.partition(f"\n## `config/{name}`\n")
    assert found
    section = section.partition("\n## ")[0]
    about = f"*{study.asked.title}.* {len(study.runs)} runs, {len(study.models)} models"
    assert section.strip().startswith(about)
    shown = [command for block in blocks(section) for command in commands(block)]
    given = "" if name == "config.yaml" else f" --configfile config/{name}"
    assert shown == [f"snakemake --cores all{given}"]


@pytest.mark.parametrize("name", FILES)
def test_what_is_said_to_need_no_download_needs_none(name: str) -> None:
    from metabench.study.plan import archives

    section = PAGE.partition(f"\n## `config/{name}`\n")[2].partition("\n## ")[0]
    assert ("nothing to download" in section) == (not archives(load(name).datasets.values()))
