"""The page as a reader meets it: in a browser, on a phone, by keyboard, on paper."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import fake_study
import pandas as pd
import pytest
from browser import look
from PIL import Image

from metabench.files.whole import read_json
from metabench.report.data import read_report
from metabench.report.names import FACTS
from metabench.report.page import figures as page_figures
from metabench.report.page.described import describe
from metabench.report.page.equations import docstring_html, equation
from metabench.report.page.figures import figures
from metabench.report.page.html import html_table, sort_key
from metabench.report.page.judged import beside_papers
from metabench.report.page.provenance import command, provenance
from metabench.report.page.write import MOST, shown_table

CONFIG = Path(__file__).resolve().parents[2] / "config"

SORT = """
  const table = page.querySelector("#results ~ .scroll table");
  const headings = [...table.tHead.rows[0].cells];
  const column = headings.findIndex((cell) => cell.textContent.startsWith("Score"));
  const shown = () => [...table.tBodies[0].rows].map((row) => row.cells[column].dataset.n ?? null);
  const states = [shown()], order = [headings[column].getAttribute("aria-sort")];
  for (let i = 0; i < 2; i++) {
    const button = headings[column].querySelector("button");
    button.focus();
    button.click();
    states.push(shown());
    order.push(headings[column].getAttribute("aria-sort"));
  }
  const focused = page.activeElement.textContent;
  return {states, order, focused, said: page.getElementById("sorted").textContent,
    others: headings.filter((h, i) => i !== column).map((h) => h.getAttribute("aria-sort"))};
"""
PHONE = """
  const outside = [...page.querySelectorAll("body *")].filter((e) =>
    !e.closest(".scroll, pre, .equation, .skip, .unseen, caption, svg, script, style") &&
    e.getBoundingClientRect().right > view.innerWidth + 1).map((e) => e.outerHTML.slice(0, 120));
  const cut = [...page.querySelectorAll("body *")].filter((e) => {
    const style = view.getComputedStyle(e);
    return style.overflowX === "hidden" && e.scrollWidth > e.clientWidth + 1 &&
      !e.matches(".unseen, caption");
  }).map((e) => e.outerHTML.slice(0, 120));
  const regions = [...page.querySelectorAll(".scroll, pre, .equation")];
  return {width: view.innerWidth, scroll: page.documentElement.scrollWidth, outside, cut,
    stuck: regions.filter((e) => e.scrollWidth > e.clientWidth + 1 && e.tabIndex < 0).length};
"""


@pytest.fixture
def page(report: Path) -> Path:
    """The page of the made-up study; only read it."""
    return report / "index.html"


def test_a_heading_sorts_its_column_and_says_so(page: Path, tmp_path: Path) -> None:
    found, said = look(page, SORT, 1000, tmp_path)
    before, up, down = found["states"]
    numbers = [float(text) for text in up if text is not None]
    assert before != up
    assert numbers == sorted(numbers)
    assert [float(text) for text in down if text is not None] == sorted(numbers, reverse=True)
    # Cells without a number are last, both ways.
    assert up[len(numbers) :] == down[len(numbers) :] == [None] * (len(up) - len(numbers))
    assert found["order"] == ["none", "ascending", "descending"]
    assert set(found["others"]) == {"none"}
    assert found["focused"].startswith("Score")  # the keyboard stays where it was
    assert found["said"] == "All results: sorted by Score ± 95 % over episodes, descending"
    assert said == []


def test_a_phone_shows_all_text_and_does_not_scroll_sideways(page: Path, tmp_path: Path) -> None:
    found, said = look(page, PHONE, 360, tmp_path)
    assert found["width"] == 360
    assert found["scroll"] <= 360
    assert found["outside"] == []
    assert found["cut"] == []
    assert found["stuck"] == 0  # what scrolls by itself can be reached by keyboard
    assert said == []


def test_links_lead_somewhere_and_names_are_given_once(page: Path) -> None:
    text = page.read_text()
    names = re.findall(r'\bid="([^"]+)"', text)
    assert len(names) == len(set(names))
    links = re.findall(r'href="#([^"]+)"', text)
    assert "algorithm-maml" in links
    assert set(links) <= set(names)
    assert set(re.findall(r'aria-labelledby="([^"]+)"', text)) <= set(names)


def test_the_page_can_be_mailed(page: Path) -> None:
    assert page.stat().st_size < 3_000_000


def test_models_of_another_setting_are_named(report: Path) -> None:
    there = read_report(report, fake_study.STUDY)
    own = there.runs["way"].astype(str) + "w" + there.runs["shot"].astype(str) + "s"
    told = provenance(replace(there, runs=there.runs.assign(trained_in=own)))
    assert not [name for name in told if name.startswith("Models of")]
    told = provenance(
        replace(there, runs=there.runs.assign(trained_in=own.replace("1w5s", "1w9s")))
    )
    assert told["Models of sinusoid"] == "trained in 9-shot, tested in other settings too"


def test_where_drawings_have_no_room_the_large_ones_are_pictures_of_themselves(
    report: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = sorted((report / "figures").glob("*.svg"))
    facts = read_json(report / "figures" / FACTS)
    sizes = sorted(path.stat().st_size for path in paths)
    assert all(each["data"].startswith("data:image/svg") for each in figures(paths, facts))
    monkeypatch.setattr(page_figures, "ROOM", sum(sizes) - 1)
    monkeypatch.setattr(page_figures, "LARGE", sizes[-2])
    crowded = figures(paths, facts)
    large = max(paths, key=lambda path: path.stat().st_size)
    as_pictures = [each["name"] for each in crowded if each["data"].startswith("data:image/webp")]
    assert as_pictures == [large.stem]
    shown = next(each["data"] for each in crowded if each["name"] == large.stem)
    with Image.open(io.BytesIO(base64.b64decode(shown.partition(",")[2]))) as picture:
        assert picture.width <= page_figures.WIDTH


def test_a_table_of_thousands_of_rows_is_cut_and_says_where_all_are() -> None:
    rows = pd.DataFrame({"Algorithm": [f"a{n}" for n in range(1000)]})
    shown = shown_table("comparisons", rows)
    assert (shown["rows"], shown["cut"]) == (1000, MOST)
    assert "a399<" in shown["table"]
    assert "a400<" not in shown["table"]
    assert shown_table("comparisons", rows.head(MOST))["cut"] == 0


def test_those_who_hear_the_page_are_told_what_others_see(page: Path) -> None:
    text = page.read_text()
    assert '<html lang="en">' in text
    for landmark in ("<header>", "<main ", "<nav aria-label=", "<footer"):
        assert text.count(landmark) == 1
    assert text.index('class="skip"') < text.index("<header>")
    tables = re.findall(r"<table.*?</table>", text, re.S)
    assert all(re.search(r"<caption>.+</caption>", table) for table in tables)
    assert '<th scope="row">Prototypical networks</th>' in text
    assert "<th>" not in text
    alts = re.findall(r'<img [^>]*alt="([^"]*)"', text)
    assert all(len(alt) > 20 for alt in alts)
    assert len(set(alts)) == len(alts)
    levels = [int(level) for level in re.findall(r"<h(\d)", text)]
    assert levels[0] == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))


def test_the_answer_is_three_sentences_of_the_data(page: Path) -> None:
    text = page.read_text()
    answer = re.search(r'<div class="answer">(.*?)</div>', text, re.S)
    assert answer is not None
    whether, how_much, how = re.findall(r"<p>(.*?)</p>", answer[1], re.S)
    assert whether.startswith("Yes: meta-learning, by its best algorithm, wins 2 of 2 settings")
    pairs = pd.read_csv(page.parent / "tables/paired.csv")
    best = pairs.query("algorithm == 'protonet'").iloc[0]
    assert f"by {best['difference']:.2f} ± {best['ci95']:.2f} points, 40 episodes" in how_much
    assert "each difference is larger than chance" in how_much
    assert "no prediction sees another query" in how
    assert "trained from 2 training seeds" in how
    assert "every algorithm trained for 50 % of the published iterations" in how
    assert "is tested here" in how


def test_a_stranger_learns_all_of_one_algorithm(page: Path) -> None:
    text = page.read_text()
    start = text.index('<h3 id="algorithm-maml">')
    section = text[start : text.index("</section>", start)]
    assert "Learns initial parameters from which a few gradient steps" in section
    assert '<a href="https://arxiv.org/abs/1703.03400">' in section
    assert "<var>θ</var><sub><var>i</var>+1</sub> = <var>θ</var><sub><var>i</var></sub>" in section
    assert "alpha, the step size of the inner loop" in section
    assert "<polyline" in section
    assert "not run in full (50 %)" in section
    assert "Finn, Abbeel, Levine (2017)" in section
    assert "better by" in section
    assert "results/runs/fake/sinusoid/1w5s/maml/seed{0,1}/run.json" in section


def test_the_command_names_the_study_s_file() -> None:
    assert command(Path("config/config.yaml")) == "snakemake --cores all"
    assert command(Path("mine.yaml")) == "snakemake --cores all --configfile mine.yaml"


def test_an_equation_is_typeset_as_it_is_written() -> None:
    assert str(equation("phi <- phi - eta grad L")) == (
        "<var>φ</var> ← <var>φ</var> − <var>η</var> ∇ <var>L</var>"
    )
    assert str(equation("||x_{i+1}||^2")) == ("‖<var>x</var><sub><var>i</var>+1</sub>‖<sup>2</sup>")
    assert "<script" not in docstring_html("Title.\n\nOf `a < b` <script> and theta_0.")


def test_every_algorithm_says_what_it_is() -> None:
    for file in (CONFIG / "algorithms").glob("*.yaml"):
        found = describe(file.stem, [CONFIG])
        assert re.fullmatch(r"[A-Za-z].{20,}\.", found.about), file.stem
        assert found.paper, file.stem
        if "class:" in file.read_text():
            assert "outer_lr" in found.fields, file.stem
            assert found.docstring, file.stem


def test_a_row_has_the_verdict_of_its_last_step_and_none_without_a_published_number() -> None:
    cell = {"dataset": "sinusoid", "way": 1, "shot": 5, "mode": "none"}
    results = pd.DataFrame([cell | {"algorithm": name} for name in ("maml", "imaml", "reptile")])
    rows = [
        {"algorithm": "maml", "step": 10.0, "verdict": "below", "why": "one training seed"},
        {"algorithm": "maml", "step": 1.0, "verdict": "reproduced", "why": ""},
        {"algorithm": "imaml", "verdict": "not comparable", "why": "another split: random"},
    ]
    beside = beside_papers(results, pd.DataFrame([cell | row for row in rows]))["beside"]
    assert list(beside) == ["below", "not comparable: another split: random", ""]


def test_the_report_is_written_without_torch() -> None:
    code = (
        "import sys, metabench.report.page, metabench.report.partial; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_an_algorithm_that_is_not_known_has_no_words() -> None:
    assert describe("unheard-of", [CONFIG]).about == ""


def test_an_algorithm_under_a_label_has_the_same_words() -> None:
    assert describe("maml--resnet12", [CONFIG]) == describe("maml", [CONFIG])


def test_cells_sort_by_what_they_mean() -> None:
    texts = ["−1.20 ± 0.3", "90 s", "2 min", "1.5 h", "∞", "32\u2009000 (50 %)", "worse by 4.6"]
    assert [sort_key(text) for text in texts] == [-1.2, 90, 120, 5400, float("inf"), 32000, -4.6]
    assert [sort_key(text) for text in ("<0.001", "0.02", "too few episodes to tell: +1.0")] == [
        0.001,
        0.02,
        0,
    ]
    assert sort_key("MAML") is None
    shown = html_table(pd.DataFrame({"Algorithm": ["<b>"], "Score": ["**1.5 ± 0.1**"]}), "A & B")
    assert "<caption>A &amp; B</caption>" in shown
    assert '<th scope="row">&lt;b&gt;</th>' in shown
    assert '<td data-n="1.5"><strong>1.5 ± 0.1</strong></td>' in shown
