"""What `make docs` and `make readme` write is what is there."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from documents import PROJECT

from metabench.docs.marks import between
from metabench.docs.readme import BEGIN, END, FIGURE, RECORD, renew_readme
from metabench.docs.record import kept
from metabench.docs.references import papers
from metabench.docs.sources import Described, read_algorithms
from metabench.errors import MetabenchError
from metabench.report import formats
from metabench.study.config import load, run_key

README = (PROJECT / "README.md").read_text(encoding="utf-8")
ALGORITHMS = read_algorithms(PROJECT)
RECORDED = [str(folder.relative_to(PROJECT) / "README.md") for folder in kept(PROJECT)]
MADE = ["README.md", "docs/algorithms.md", "docs/references.bib", *RECORDED]
MAKE = """
import json, sys
from pathlib import Path
from metabench.docs.pages import pages

print(json.dumps({str(file): text for file, text in pages(Path()).items()}))
assert "torch" not in sys.modules
"""


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    """What the sources say that the pages are to hold, by their paths."""
    command = [sys.executable, "-c", MAKE]
    done = subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def test_all_pages_are_made_without_torch(made: dict[str, str]) -> None:
    assert sorted(made) == sorted(MADE)


@pytest.mark.parametrize("file", MADE)
def test_a_page_is_what_the_sources_say(made: dict[str, str], file: str) -> None:
    assert (PROJECT / file).read_text(encoding="utf-8") == made[file], "run `make docs`"


def test_every_paper_that_an_algorithm_s_file_names_is_in_the_references() -> None:
    text = (PROJECT / "docs" / "references.bib").read_text(encoding="utf-8")
    named = {n for one in ALGORITHMS for n in re.findall(r"arXiv:([\d.]+\d)", one.algorithm.paper)}
    assert len(named) > 15
    assert all(f"eprint = {{{number}}}" in text for number in named)


def test_a_citation_is_authors_year_title_and_place() -> None:
    text = 'It is. Finn, van der Maaten\nand Levine (2017), "A title:\n2", ICML, arXiv:1703.03400.'
    (paper,) = papers(Described(ALGORITHMS[0].algorithm, "a.py", text))
    assert paper.authors == ("Finn", "van der Maaten", "Levine")
    assert (paper.key, paper.title) == ("finn2017", "A title: 2")
    assert "1703.03400" in paper.place


def test_every_algorithm_is_in_the_readme() -> None:
    table = README.partition("## Algorithms")[2].partition("\n## ")[0]
    named = re.findall(r"`(\w+)`", "".join(re.findall(r"^\|.*", table, re.M)))
    assert sorted(named) == [one.algorithm.name for one in ALGORITHMS]


def _record() -> list[dict[str, str]]:
    with (PROJECT / RECORD).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_readme_s_table_is_what_the_default_study_left() -> None:
    head, _, *lines = between(README, BEGIN, END).splitlines()
    columns = head.strip("| ").split(" | ")
    table = {line.strip("| ").split(" | ")[0]: line.strip("| ").split(" | ") for line in lines}
    for row in _record():
        name = row["title"] + ", transductive" * (row["mode"] == "transductive")
        setting = formats.setting(int(row["way"]), int(row["shot"]), row["task"])
        (column,) = (
            i for i, c in enumerate(columns) if c.startswith(f"{row['dataset']} {setting}")
        )
        score = formats.plus_minus(float(row["mean"]), float(row["ci95"]), row["task"])
        assert table[name][column].strip("*") == score, name
    assert len(_record()) == sum(cell != "-" for line in table.values() for cell in line[1:])


def test_the_record_is_of_the_default_study_as_it_is() -> None:
    study = load(PROJECT / "config" / "config.yaml", PROJECT / "config")
    trained = {run_key(model): model.hyperparameters["iterations"] for model in study.models}
    asked = {(*run_key(run)[:-1], trained[study.model_of[run_key(run)]]) for run in study.runs}
    there = {
        (r["dataset"], int(r["way"]), int(r["shot"]), r["algorithm"], int(float(r["iterations"])))
        for r in _record()
    }
    assert there == asked, "run `make readme`"
    assert {int(float(row["seeds"])) for row in _record()} == {len(study.asked.seeds)}


def test_a_report_without_its_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(MetabenchError, match=r"summary\.md: no such file"):
        renew_readme(tmp_path, PROJECT)


def test_a_report_s_table_numbers_and_figure_are_copied(tmp_path: Path) -> None:
    report, project = tmp_path / "report", tmp_path / "project"
    (project / RECORD).parent.mkdir(parents=True)
    (project / "README.md").write_text(f"before\n{BEGIN}old\n{END}after\n")
    for name, text in {
        "tables/summary.md": "| new |\n",
        "tables/results.csv": "mean,more,dataset\n1,2,glyphs\n",
        f"figures/{FIGURE.name}": "picture",
    }.items():
        (report / name).parent.mkdir(parents=True, exist_ok=True)
        (report / name).write_text(text)
    renew_readme(report, project)
    assert (project / "README.md").read_text() == f"before\n{BEGIN}| new |\n{END}after\n"
    assert (project / RECORD).read_text().splitlines()[1] == "glyphs,,,,,,,,1,,,,,,"
    assert (project / FIGURE).read_text() == "picture"
