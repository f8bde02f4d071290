"""Tables, figures and the page show what the results say, whatever the results are."""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path
from typing import Any

import fake_study
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from metabench.errors import MetabenchError
from metabench.files.whole import read_json, write_json, write_text
from metabench.report import formats, published
from metabench.report.data import GAP_COLUMNS, at, read_report
from metabench.report.figures import cost, curves, look, scores, steps, write_figures
from metabench.report.figures.found import find
from metabench.report.figures.look import GREYS, LOOKS, OTHERS
from metabench.report.figures.write import OF_REPORT, draw_figures
from metabench.report.names import (
    FACTS,
    FIGURE_FORMATS,
    TABLE_FORMATS,
    TABLE_NAMES,
    figure_names,
)
from metabench.report.numbers import results_numbers
from metabench.report.page import write_page
from metabench.report.page.captions import caption
from metabench.report.tables import write_tables
from metabench.report.tables.paired import paired_numbers
from metabench.report.tables.results import published_text, score_text
from metabench.report.tables.steps import steps_numbers, steps_text
from metabench.report.tables.summary import summary_numbers, summary_text
from metabench.report.verdicts import nearest
from metabench.setting import Setting, read_setting

PROJECT = Path(__file__).resolve().parents[2]

Where = dict[str, Path]
TASKS = {"sinusoid": "regression", "omniglot_challenge_small1": "classification"}


def row(report: Path, table: str, **where: Any) -> Any:
    frame = pd.read_csv(report / f"tables/{table}.csv")
    for name, value in where.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1
    return frame.iloc[0]


def test_the_files_are_those_that_were_announced(report: Path) -> None:
    tables = {f"{name}.{kind}" for name in TABLE_NAMES for kind in TABLE_FORMATS}
    names = figure_names(fake_study.STUDY, TASKS)
    figures = {f"{name}.{kind}" for name in names for kind in FIGURE_FORMATS}
    assert {path.name for path in (report / "tables").iterdir()} == tables
    assert {path.name for path in (report / "figures").iterdir()} == {*figures, FACTS}


def test_the_result_of_a_cell_is_its_mean_in_percent(report: Path) -> None:
    scores = pd.read_csv(report / "scores.csv.gz")
    mine = scores.query("algorithm == 'maml' and mode == 'inductive'")
    cell = row(report, "results", algorithm="maml", mode="inductive")
    assert cell["mean"] == pytest.approx(100 * mine["score"].mean(), rel=1e-5)
    assert cell["error"] == pytest.approx(100 - cell["mean"], rel=1e-4)
    assert cell["seeds"] == 2
    assert cell["iterations"] == 100
    assert cell["train_seconds"] == pytest.approx(61)


def test_a_mean_over_seeds_is_of_as_many_iterations_as_the_shortest_of_them(
    collected: Where,
) -> None:
    report = read_report(collected["report"], fake_study.STUDY)
    ended = (report.runs["algorithm"] == "maml") & (report.runs["seed"] == 1)
    runs = report.runs.assign(iterations=report.runs["iterations"].mask(ended, 7))
    for algorithm, iterations in (("maml", 7), ("protonet", 100)):
        cells = at(
            results_numbers(replace(report, runs=runs), published.load()), algorithm=algorithm
        )
        assert set(cells["iterations"]) == {iterations}


def test_a_diverged_cell_says_where_and_has_no_number(report: Path) -> None:
    cell = row(report, "results", algorithm="reptile")
    assert np.isnan(cell["mean"])
    for name in ("results.md", "results.tex"):
        assert "diverged at iteration 40, 41" in (report / "tables" / name).read_text()


def test_references_stand_in_the_table_with_their_source(report: Path) -> None:
    people = row(report, "results", algorithm="people")
    assert people["published"] == 4.5
    assert people["published_metric"] == "error"
    assert "Science 350" in _line(report, "results.md", "Bayesian Program Learning")
    assert "95.5" in _line(report, "summary.md", "People (published)")


def test_a_number_that_was_not_read_in_its_source_says_so() -> None:
    row = {"published": 4.3, "published_ci95": np.nan, "published_split": "", "backbone": np.nan}
    row |= {"published_metric": "error", "published_verified": "read", "published_backbone": ""}
    assert published_text(row) == "error 4.3"
    assert published_text({**row, "published_verified": "from memory"}) == "error 4.3 (from memory)"


def test_sinusoid_stands_beside_the_paper_s_numbers(report: Path) -> None:
    line = _line(report, "steps.md", "MAML (published)")
    assert "0.67" in line
    assert "0.35" in line
    assert "2 diverged" in _line(report, "steps.md", "| MAML | none")


def test_paired_differences_say_better_with_their_interval(report: Path) -> None:
    pair = row(report, "paired", algorithm="protonet")
    assert pair["verdict"] == "better"
    assert pair["difference"] > pair["ci95"] > 0
    both = pd.read_csv(report / "tables/results.csv").query("way == 20").set_index("algorithm")
    assert pair["ci95"] < both.loc["protonet", "ci95"] + both.loc["pretrain_head", "ci95"]


def test_every_two_algorithms_are_compared_without_the_baselines(report: Path) -> None:
    pair = row(report, "comparisons", algorithm="maml", other="protonet")
    assert pair["mode"] == "inductive"
    assert pair["verdict"] == "worse"
    assert pair["wins"] + pair["ties"] + pair["losses"] == 40
    assert "pretrain_head" not in set(pd.read_csv(report / "tables/comparisons.csv")["other"])


def test_the_page_says_whether_the_answer_would_stand_if_all_were_trained_again(
    report: Path,
) -> None:
    assert row(report, "paired", algorithm="protonet")["again"] == "stands"
    page = (report / "index.html").read_text()
    assert "40 episodes, and would be expected to if all were trained again" in page


def test_latex_has_no_sign_that_breaks_it(report: Path) -> None:
    for path in (report / "tables").glob("*.tex"):
        text = path.read_text()
        assert text.startswith(r"\begin{tabular}")
        assert text.index(r"\toprule") < text.index(r"\midrule") < text.index(r"\bottomrule")
        assert not re.search(r"(?<!\\)[%#_]", text), path.name
        assert not re.search(r"[±−×∞…]", text), path.name
        widths = {line.count(" & ") for line in text.splitlines() if line.endswith(r"\\")}
        assert len(widths) == 1


def test_figures_are_drawn_and_have_captions(report: Path) -> None:
    facts = read_json(report / "figures" / FACTS)
    page = html.unescape((report / "index.html").read_text())
    for path in (report / "figures").glob("*.png"):
        with Image.open(path) as image:
            assert image.width > 900
            assert image.info["Title"]
            assert len(set(image.convert("L").resize((60, 60)).tobytes())) > 5
    for path in (report / "figures").glob("*.svg"):
        assert ElementTree.parse(path).findtext(".//{http://purl.org/dc/elements/1.1/}title")
        assert caption(path.stem, facts[path.stem]) in page


def test_the_sinusoid_s_caption_says_how_its_task_was_chosen(report: Path) -> None:
    scores = pd.read_csv(report / "scores.csv.gz").query("algorithm == 'maml' and seed == 0")
    errors = scores.query("dataset == 'sinusoid'").set_index("episode")["score"]
    facts = read_json(report / "figures" / FACTS)["curves-sinusoid"]
    assert facts["chosen_by"] == "MAML (seed 0) after 10 steps"
    chosen = errors[facts["episode"]]
    assert chosen == pytest.approx(errors.median(), rel=0.5)
    assert (errors < chosen).sum() == len(errors) // 2
    assert f"episode {facts['episode']}, not chosen by eye" in caption("curves-sinusoid", facts)


def test_a_target_is_drawn_through_all_that_is_known_of_it(collected: Where) -> None:
    found = find(read_report(collected["report"], fake_study.STUDY), collected["results"])
    figure, facts = curves.draw(found, "sinusoid")
    names = ("support_x", "support_y", "query_x", "query_labels")
    folder = collected["results"] / "episodes/sinusoid/test-1w5s"
    known = [np.load(folder / f"{name}.npy")[facts["episode"], :, 0] for name in names]
    x, y = np.concatenate(known[::2]), np.concatenate(known[1::2])
    for axis in figure.axes:
        target = axis.lines[0]
        assert target.get_label() == "target"
        np.testing.assert_array_equal(target.get_xydata(), np.stack([x, y], 1)[np.argsort(x)])
        assert axis.get_ylim()[0] < y.min() < y.max() < axis.get_ylim()[1]


def test_the_page_is_one_file_that_loads_nothing(report: Path) -> None:
    page = (report / "index.html").read_text()
    loaded = re.findall(r"""src\s*=\s*["']([^"']*)""", page)
    assert loaded
    assert all(address.startswith("data:") for address in loaded)
    assert not re.search(r"@import|url\(|<script [^>]|<link|<iframe|fetch\(", page)
    assert 'name="viewport"' in page


def test_the_page_gives_the_answer_and_where_it_comes_from(report: Path) -> None:
    page = (report / "index.html").read_text()
    pair = row(report, "paired", algorithm="protonet")
    by = formats.plus_minus(pair["difference"], pair["ci95"], "classification")
    assert f"Prototypical networks beats “Pre-training, new head” by {by} points" in page
    assert "diverged at" in page
    assert "0123456789ab" in page
    assert "eeeeeeeeeeeeeeee" in page
    assert "every algorithm trained for 50 % of the published iterations" in page


def test_the_same_results_give_the_same_files(collected: Where, report: Path) -> None:
    page = (report / "index.html").read_bytes()
    write_page(report, fake_study.STUDY, fake_study.origin(collected))
    assert (report / "index.html").read_bytes() == page


@pytest.mark.parametrize("kept", ["sinusoid", "omniglot_challenge_small1"])
def test_a_study_of_one_data_set_has_the_figures_that_apply(fresh: Where, kept: str) -> None:
    entries = [entry for entry in fake_study.STUDY.grid if entry.dataset == kept]
    study = replace(fake_study.STUDY, grid=tuple(entries))
    fake_study.collect(fresh, fresh["runs"] / kept)
    write_tables(fresh["report"], study)
    write_figures(fresh["report"], study, fresh["results"])
    write_page(fresh["report"], study, fake_study.origin(fresh))
    drawn = {path.stem for path in (fresh["report"] / "figures").glob("*.svg")}
    assert drawn == set(figure_names(study, TASKS))
    assert (f"accuracy-{kept}" in drawn) == (kept != "sinusoid")


def test_missing_cells_are_named_and_lone_baselines_are_no_error(fresh: Where) -> None:
    only = fresh["runs"] / "omniglot_challenge_small1/20w1s/pretrain_head/seed0"
    fake_study.collect(fresh, only)
    write_tables(fresh["report"], fake_study.STUDY)
    write_figures(fresh["report"], fake_study.STUDY, fresh["results"])
    write_page(fresh["report"], fake_study.STUDY, fake_study.origin(fresh))
    line = _line(fresh["report"], "summary.md", "| maml")
    assert line.replace(" ", "").endswith("|missing|missing|")
    page = (fresh["report"] / "index.html").read_text()
    assert "is not known here: no meta-learner on omniglot_challenge_small1" in page


def test_a_setting_without_a_run_has_no_panel(collected: Where) -> None:
    sinusoid, *others = fake_study.STUDY.grid
    grid = (replace(sinusoid, settings=(Setting(1, 10), Setting(1, 5))), *others)
    report = read_report(collected["report"], replace(fake_study.STUDY, grid=grid))
    found = find(report, collected["results"])

    def titles(figure: Figure) -> list[str]:
        return [axis.get_title() for axis in figure.axes if axis.get_title()]

    means = ["5-shot, plain mean", "5-shot, trimmed mean"]
    assert titles(steps.draw(found, "sinusoid")[0]) == means
    assert titles(cost.draw(found, "sinusoid")[0]) == ["5-shot"]
    assert titles(scores.draw(found, "sinusoid")[0]) == ["5-shot"]


def test_where_a_seed_diverged_and_another_is_to_come_figures_say_so(collected: Where) -> None:
    report = read_report(collected["report"], fake_study.STUDY)
    runs = report.runs[(report.runs["dataset"] == "sinusoid") & (report.runs["seed"] == 0)]
    gaps = runs.assign(seed=1, why="not begun")[GAP_COLUMNS]
    runs = runs.assign(status="diverged")
    lost = replace(report, runs=runs, gaps=gaps, scores=report.scores[:0], steps=report.steps[:0])
    found = find(lost, collected["results"])
    for figure, _ in (cost.draw(found, "sinusoid"), scores.draw(found, "sinusoid")):
        words = {text.get_text() for axis in figure.axes for text in axis.texts}
        assert words == {"no run has finished"}


def test_where_a_seed_diverged_and_another_is_to_come_the_cell_is_open(collected: Where) -> None:
    found = read_report(collected["report"], fake_study.STUDY)
    first = found.runs[(found.runs["algorithm"] == "reptile") & (found.runs["seed"] == 0)]
    gaps = first.assign(seed=1, why="not begun")[GAP_COLUMNS]
    runs = found.runs.drop(found.runs[found.runs["algorithm"] == "reptile"].index[1:])
    table = results_numbers(replace(found, runs=runs, gaps=gaps), published.load())
    cell = table[table["algorithm"] == "reptile"].iloc[0]
    assert cell["status"] == "missing"
    assert score_text(cell) == "missing; 1 seed diverged at iteration 40"


def test_episodes_without_an_answer_are_counted_and_trim_no_accuracy(collected: Where) -> None:
    found = read_report(collected["report"], fake_study.STUDY)

    def of_images(frame: pd.DataFrame) -> pd.Series:
        return (frame["algorithm"] == "maml") & (frame["way"] == 20)

    lost = of_images(found.scores) & (found.scores["episode"] < 2)
    steps = found.steps["diverged_episodes"].mask(of_images(found.steps), 2)
    spoilt = replace(
        found,
        scores=found.scores.assign(diverged=found.scores["diverged"].mask(lost, 1)),
        steps=found.steps.assign(diverged_episodes=steps),
    )
    papers = published.load()
    table = results_numbers(spoilt, papers)
    images = table[table["way"] == 20]
    assert not images["trimmed"].any()
    texts = [score_text(row, row["trimmed"]) for _, row in at(images, algorithm="maml").iterrows()]
    assert len(texts) == 2  # a mode each
    assert all(text.endswith("; 4 of 80 episodes had no answer") for text in texts)
    assert not any("trimmed" in text for text in texts)
    after = steps_text(steps_numbers(spoilt, papers))
    assert "; 4 without an answer" in after[after["Setting"] == "20-way 1-shot"].iloc[0]["3 steps"]
    assert not paired_numbers(spoilt).query("way == 20")["trimmed"].any()


def test_a_table_that_the_report_has_no_more_is_taken_away(fresh: Where) -> None:
    stale = fresh["report"] / "tables" / "gaps.md"
    fake_study.collect(fresh)
    stale.parent.mkdir()
    stale.write_text("| not begun |")
    write_tables(fresh["report"], fake_study.STUDY)
    assert not stale.exists()


def test_a_file_that_is_no_table_of_ours_is_left_alone(fresh: Where) -> None:
    fake_study.collect(fresh)
    notes = fresh["report"] / "tables" / "notes.md"
    write_text(notes, "mine\n")
    write_tables(fresh["report"], fake_study.STUDY)
    assert notes.read_text() == "mine\n"


def test_each_mode_of_an_algorithm_has_a_row_of_the_summary(collected: Where) -> None:
    """Two that are not transductive, as a program may say them, are told apart by their names."""
    found = read_report(collected["report"], fake_study.STUDY)
    scores = found.scores[found.scores["mode"] != "transductive"]
    again = scores[scores["algorithm"] == "maml"].assign(mode="running")
    both = replace(found, scores=pd.concat([scores, again], ignore_index=True))
    names = summary_text(results_numbers(both, published.load()))["Algorithm"].tolist()
    assert {"MAML, inductive", "MAML, running", "Prototypical networks"} <= set(names)


def test_both_modes_of_a_reference_have_a_row_of_the_summary(collected: Where) -> None:
    found = read_report(collected["report"], fake_study.STUDY)
    entry = replace(fake_study.STUDY.grid[1], references=("a-paper",))
    grid = (fake_study.STUDY.grid[0], entry)
    asked = replace(found, study=replace(fake_study.STUDY, grid=grid))
    row = {"key": "a-paper", "algorithm": "reptile", "title": "", "dataset": entry.dataset}
    row |= {"way": 20, "shot": 1, "mode": "inductive", "value": 95.4, "metric": "accuracy"}
    row |= {"backbone": "", "augment": ""}
    rows = [row, {**row, "mode": "transductive", "value": 97.7}]
    papers = pd.DataFrame(rows, columns=published.COLUMNS)
    shown = summary_text(results_numbers(asked, papers)).set_index("Algorithm")
    beside = shown.filter(like="published", axis=0).iloc[:, -1]
    assert beside.to_dict() == {
        "Reptile (published)": "95.4",
        "Reptile, transductive (published)": "97.7",
    }


def test_no_published_number_takes_the_place_of_another_in_the_summary(collected: Where) -> None:
    """Papers may have one method on two networks, or after several steps."""
    found = read_report(collected["report"], fake_study.STUDY)
    entry = replace(fake_study.STUDY.grid[1], references=("a-paper",))
    asked = replace(found, study=replace(fake_study.STUDY, grid=(fake_study.STUDY.grid[0], entry)))
    row = {"key": "a-paper", "algorithm": "reptile", "title": "", "dataset": entry.dataset}
    row |= {"way": 20, "shot": 1, "mode": "", "metric": "error", "paper": "A paper", "augment": ""}
    rows = [{**row, "backbone": "small", "value": 7.0}, {**row, "backbone": "large", "value": 4.0}]
    rows += [{**row, "backbone": "large", "step": 5, "value": 3.0}]
    results = results_numbers(asked, pd.DataFrame(rows, columns=published.COLUMNS))
    expected = {
        "Reptile (published, A paper, small)": 93,
        "Reptile (published, A paper, large)": 96,
        "Reptile, step 5 (published)": 97,
    }
    text, numbers = (
        make(results).set_index("Algorithm").filter(like="published", axis=0).iloc[:, -1]
        for make in (summary_text, summary_numbers)
    )
    assert text.to_dict() == {name: f"{value}" for name, value in expected.items()}
    assert numbers.to_dict() == expected


def test_of_equal_means_all_are_the_best(collected: Where) -> None:
    found = read_report(collected["report"], fake_study.STUDY)
    results = results_numbers(found, published.load())
    finished = results[(results["way"] == 20) & (results["status"] == "finished")]
    bold = summary_text(finished.assign(mean=90.0)).iloc[:, -1].str.startswith("**")
    assert bold.sum() == (finished["mode"] != "transductive").sum() > 1


def test_beside_a_row_stands_what_was_published_after_as_many_steps(collected: Where) -> None:
    found = read_report(collected["report"], fake_study.STUDY)
    for length, value in ((10, 0.35), (5, 0.38), (7, None)):
        runs = found.runs.assign(**{"hyperparameters.test_inner_steps": length})
        table = results_numbers(replace(found, runs=runs), published.load())
        maml = table[(table["algorithm"] == "maml") & (table["dataset"] == "sinusoid")].iloc[0]
        assert maml["published"] == value or (value is None and pd.isna(maml["published"]))


def test_the_last_inner_step_is_a_column_whichever_it_is(collected: Where) -> None:
    found = read_report(collected["report"], fake_study.STUDY)
    last = found.steps[found.steps["step"] == 3].assign(step=4)
    numbers = steps_numbers(replace(found, steps=last), published.load())
    assert "4 steps" in steps_text(numbers)


@pytest.mark.parametrize("title", [r"$\textsc{MAML}$", "MAML for $5", "a^b_{c} $$"])
def test_a_title_is_drawn_letter_for_letter(collected: Where, tmp_path: Path, title: str) -> None:
    report = read_report(collected["report"], fake_study.STUDY)
    runs = report.runs.assign(title=report.runs["title"].replace("MAML", title))
    found = find(replace(report, runs=runs), collected["results"])
    draw_figures(found, tmp_path, OF_REPORT, ["svg"])
    drawn = ElementTree.parse(tmp_path / "training-sinusoid.svg")
    assert f"Shown: {title}," in "".join(drawn.getroot().itertext())


def test_powers_of_ten_are_written_as_such() -> None:
    assert [look.power_of_ten(10.0**n) for n in (-2, 0, 1, 12)] == ["10⁻²", "10⁰", "10¹", "10¹²"]
    assert look.power_of_ten(0) == "0"


def test_an_error_that_is_infinite_even_when_trimmed_is_written_and_stops_no_figure(
    collected: Where,
) -> None:
    found = read_report(collected["report"], fake_study.STUDY)
    wild = (found.scores["algorithm"] == "maml") & (found.scores["dataset"] == "sinusoid")
    spoilt = found.scores["score"].mask(wild & (found.scores["episode"] % 3 == 0), np.inf)
    diverged = found.scores["diverged"].mask(np.isinf(spoilt), 1)
    last = (found.steps["algorithm"] == "maml") & (found.steps["dataset"] == "sinusoid")
    gone = replace(
        found,
        scores=found.scores.assign(score=spoilt, diverged=diverged),
        steps=found.steps.assign(robust=found.steps["robust"].mask(last, np.inf)),
    )
    drawn = find(gone, collected["results"])
    steps.draw(drawn, "sinusoid")[0].canvas.draw()
    cost.draw(drawn, "sinusoid")[0].canvas.draw()
    figure, _ = scores.draw(drawn, "sinusoid")
    assert "∞" in [text.get_text() for axis in figure.axes for text in axis.texts]


def test_a_study_whose_runs_all_diverged_still_has_a_report(fresh: Where) -> None:
    lost = fresh["runs"] / "omniglot_challenge_small1/20w1s/reptile"
    study = replace(fake_study.STUDY, grid=fake_study.STUDY.grid[1:])
    fake_study.collect(fresh, lost)
    write_tables(fresh["report"], study)
    write_figures(fresh["report"], study, fresh["results"])
    write_page(fresh["report"], study, fake_study.origin(fresh))
    assert "No run has finished" in (fresh["report"] / "index.html").read_text()


def test_every_algorithm_has_a_look_that_no_other_has() -> None:
    texts = {
        file.stem: file.read_text() for file in (fake_study.CONFIG / "algorithms").glob("*.yaml")
    }
    own = re.compile(r"^(class: metabench\.|external: true)", re.M)  # not a user's, put beside ours
    assert set(LOOKS) == {name for name, text in texts.items() if own.search(text)}
    colours = [colour for colour, _ in LOOKS.values()] + OTHERS + GREYS
    rgb = np.array([to_rgb(colour) for colour in colours])
    apart = np.linalg.norm(rgb[:, None] - rgb, axis=-1) + 9 * np.eye(len(rgb))
    assert apart.min() > 0.1, (
        colours[apart.argmin() // len(rgb)],
        colours[apart.argmin() % len(rgb)],
    )


def test_an_algorithm_under_a_label_has_a_colour_of_its_own_and_pre_training_a_grey() -> None:
    known = ["maml", "maml--a", "maml--b", "mine"]
    known += ["pretrain_head", "pretrain_head--a", "scratch--a"]
    colours = {name: look.colour(name, known) for name in known}
    assert len(set(colours.values())) == len(known)
    grey = {name for name in known if name.startswith(("pretrain", "scratch"))}
    assert {name for name in known if colours[name] in GREYS} == grey - {"pretrain_head"}
    assert colours["maml"] == LOOKS["maml"][0]


def test_the_curves_are_of_maml_and_pre_training_under_a_label_too(fresh: Where) -> None:
    runs = fresh["runs"] / "sinusoid/1w5s"
    (runs / "maml").rename(runs / "maml--deep")
    for file in runs.glob("maml--deep/*/run.json"):
        write_json(file, {**read_json(file), "algorithm": "maml--deep", "title": "MAML, deep"})
    fake_study.collect(fresh)
    names = ("scratch", "pretrain_finetune", "maml--deep")
    sinusoid, *others = fake_study.STUDY.grid
    grid = (replace(sinusoid, algorithms=names), *others)
    report = read_report(fresh["report"], replace(fake_study.STUDY, grid=grid))
    figure, facts = curves.draw(find(report, fresh["results"]), "sinusoid")
    titles = [axis.get_title() or axis.get_title(loc="left") for axis in figure.axes]
    assert titles == ["MAML, deep", "Pre-training, fine-tuned"]
    assert facts["chosen_by"].startswith("MAML, deep (seed 0)")


def test_published_rows_find_their_cells() -> None:
    rows = published.load()
    maml = published.match(rows, "omniglot", 5, 1, "maml", "transductive")
    assert maml["value"].tolist() == [98.7]
    assert maml["split"].tolist() == ["omniglot_random"]
    own = published.match(rows, "omniglot_random", 5, 1, "maml", "transductive")
    assert own["value"].tolist() == [98.7]
    assert own["split"].tolist() == [""]
    assert published.match(rows, "omniglot", 5, 1, "maml", "inductive").empty
    protonet = published.match(rows, "omniglot", 20, 5, "protonet", "running")
    assert protonet["value"].tolist() == [98.9]
    assert protonet["split"].tolist() == [""]
    steps = [published.match(rows, "sinusoid", 1, 5, "maml", "none", s) for s in (1, 5, 10)]
    assert [found["value"].item() for found in steps] == [0.67, 0.38, 0.35]


def test_both_tables_and_the_figures_take_the_same_published_number() -> None:
    """Whatever is published of a final score, and in whichever mode."""
    papers = published.load()
    papers = papers[papers["step"].isna()]
    places = papers[["dataset", "way", "shot", "algorithm"]].drop_duplicates()
    for _, place in places.iterrows():
        candidates = papers.merge(place.to_frame().T, on=list(place.index))
        for mode in ("transductive", "inductive", "running"):
            row = {**place, "mode": mode, "task": "classification", "queries": 75}
            row["backbone"] = "conv4-64"
            beside = published.match(papers, *place, mode)
            fit = [p for p in nearest(row, candidates) if p["mode"] in ("", mode)]
            if fit:
                assert str(nearest(row, beside)[0]) == str(fit[0])  # a NaN equals none


def test_a_setting_is_read_or_refused() -> None:
    assert read_setting("5w1s") == (5, 1)
    assert read_setting("10s") == (1, 10)
    with pytest.raises(MetabenchError, match="setting '5-1': not understood"):
        read_setting("5-1")


def test_numbers_as_text() -> None:
    assert formats.plus_minus(98.704, 0.4, "classification") == "98.70 ± 0.40"
    assert formats.plus_minus(0.3512, 0.0123, "regression") == "0.351 ± 0.012"
    assert formats.plus_minus(float("inf"), float("nan"), "regression") == "∞"
    assert formats.signed(-0.004, 0.344, "regression") == "−0.004 ± 0.344"
    assert formats.count(float("inf")) == "∞"
    assert formats.signed(-1.234, 0.5, "classification") == "−1.23 ± 0.50"
    assert formats.number(float("nan"), "regression") == "-"
    assert [formats.p_value(p) for p in (0.0496, 0.05, 0.0004)] == ["<0.05", "0.05", "<0.001"]
    assert formats.latex_escape("**a_b ± 5 %**") == r"\textbf{a\_b $\pm$ 5 \%}"
    assert formats.seconds(90) == "90 s"
    assert formats.seconds(600) == "10 min"


def _line(report: Path, table: str, part: str) -> str:
    lines = (report / "tables" / table).read_text().splitlines()
    return next(line for line in lines if part in line)


def test_the_nearest_published_row_comes_first() -> None:
    """The same split before another, and then the same network before another."""

    def values(
        dataset: str, shot: int, algorithm: str, mode: str, backbone: str, queries: int = 75
    ) -> list[float]:
        found = published.match(published.load(), dataset, 5, shot, algorithm, mode)
        row = {"way": 5, "mode": mode, "task": "classification", "queries": queries}
        return [paper["value"] for paper in nearest({**row, "backbone": backbone}, found)]

    seen = ("miniimagenet", 1, "maml", "transductive")
    assert values(*seen, "conv4-32-pool", queries=5)[0] == 48.70
    assert values(*seen, "conv4-32-pool", queries=75)[0] == 46.9  # 48.70 has 1 query of each class
    assert values(*seen, "conv4-64-pool")[0] == 46.47
    own = values("miniimagenet", 1, "protonet", "running", "conv4-64-pool")
    assert own[0] == 49.42  # the paper's own before another's
    assert values("miniimagenet", 5, "metaoptnet", "running", "conv4-64-pool")[0] == 68.76
    fce = values("miniimagenet", 1, "matching_fce", "running", "")
    assert fce[-1] == 46.6  # the only one of another split
    assert values("cub", 1, "pretrain_head", "running", "conv4-64-pool")[0] == 47.12


def test_no_number_of_one_split_of_birds_stands_beside_the_other() -> None:
    rows = published.load()
    assert len(rows[rows["dataset"] == "cub"])
    assert not len(rows[rows["dataset"].isin(["cub_140", "cub_subset", "miniimagenet_subset"])])


def test_every_published_row_is_found_in_one_cell() -> None:
    """No two rows are alike in all that tells cells apart, and each names what may run there."""
    rows = published.load()
    cell = ["key", "algorithm", "dataset", "split", "way", "shot", "step", "mode", "backbone"]
    assert not rows.duplicated(cell).any()
    assert set(rows["verified"]) <= {"read", "from memory"}
    assert set(rows["mode"]) <= {"", "transductive", "inductive", "running", "none"}
    datasets = {path.stem for path in (PROJECT / "config" / "datasets").glob("*.yaml")}
    assert set(rows["dataset"]) <= datasets


def test_a_number_of_an_algorithm_of_two_forms_stands_beside_both_and_is_one_reference() -> None:
    rows = published.load()
    here = ("omniglot", 5, 1)
    each = [
        published.match(rows, *here, algorithm, "transductive")["value"].tolist()
        for algorithm in ("imaml", "imaml_released")
    ]
    assert each == [[99.16], [99.16]]
    assert len(published.references(rows, *here, ["rajeswaran-2019-imaml"])) == 1


def test_what_is_published_and_no_algorithm_here_has_a_title() -> None:
    rows = published.load()
    ours = {path.stem for path in (PROJECT / "config" / "algorithms").glob("*.yaml")}
    others = rows[~rows["algorithm"].isin(ours)]
    assert {"people", "bpl", "imaml_hessian_free"} <= set(others["algorithm"])
    assert (others["title"] != "").all()


def test_a_number_from_another_network_is_marked() -> None:
    row = {"published": 51.75, "published_ci95": 0.8, "published_split": "", "backbone": "resnet18"}
    row |= {"published_verified": "read", "published_metric": "accuracy"}
    text = published_text({**row, "published_backbone": "ResNet-18 at 224x224"})
    assert text == "51.75 ± 0.8 (other network)"
    assert published_text({**row, "published_backbone": "resnet18"}) == "51.75 ± 0.8"
    assert published_text({**row, "published_backbone": ""}) == "51.75 ± 0.8"
