"""Average ranks as a table and as a figure, and what is said where there are none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_up_scores import study, written

from metabench.report import published
from metabench.report.data import Report
from metabench.report.figures import look, ranks
from metabench.report.figures.found import find
from metabench.report.names import figure_names
from metabench.report.numbers import results_numbers
from metabench.report.page.captions import caption
from metabench.report.statistics import Ranks
from metabench.report.tables.pairs import again, verdict
from metabench.report.tables.ranks import rank_numbers, rank_text, study_ranks, what_ranks_say
from metabench.report.tables.results import results_text

LEVELS = {"scratch": 0.2, "maml": 0.5, "protonet": 0.8, "mine": 0.9}
SETTINGS = ["5w1s", "5w5s", "20w1s", "20w5s"]


def results(report: Report) -> pd.DataFrame:
    return results_numbers(report, published.load())


def test_the_best_of_every_setting_has_rank_1(tmp_path: Path) -> None:
    table = results(written(tmp_path, SETTINGS, LEVELS))
    numbers = rank_numbers(table)
    assert numbers["algorithm"].tolist() == ["mine", "protonet", "maml", "scratch"]
    assert numbers["average_rank"].tolist() == [1, 2, 3, 4]
    assert (numbers["settings"] == 4).all()
    assert (numbers["glyphs 20-way 5-shot"] == numbers["average_rank"]).all()
    text = rank_text(table).set_index("Algorithm")["Not told apart from"]
    assert text["Mine"] == "any but Scratch"
    assert text["Scratch"] == "any but Mine"


def test_a_lower_error_is_a_better_rank() -> None:
    errors = {"a": 0.1, "b": 0.3, "c": 0.2}
    rows = [
        {"dataset": "sinusoid", "way": 1, "shot": shot, "algorithm": name, "title": name}
        | {"mode": "none", "task": "regression", "status": "finished", "mean": error}
        | {"robust": error, "trimmed": False}
        for shot in (5, 10)
        for name, error in errors.items()
    ]
    found = study_ranks(pd.DataFrame(rows))
    assert found is not None
    assert list(found.average.index) == ["a", "c", "b"]


def test_the_figure_is_drawn_and_its_caption_has_the_tests(tmp_path: Path) -> None:
    report = written(tmp_path, SETTINGS, LEVELS)
    with look.style():
        figure, facts = ranks.draw(find(report, tmp_path), "")
        look.save(figure, tmp_path / "ranks")
    found = study_ranks(results(report))
    assert isinstance(found, Ranks)
    said = caption("ranks", facts)
    assert f"difference (CD) at 5 % is {found.critical:.2f}" in said
    assert "4 settings, 4 algorithms" in said
    names = [label.get_text() for axis in figure.axes for label in axis.get_yticklabels()]
    assert sorted(names) == ["Maml  3.00", "Mine  1.00", "Protonet  2.00", "Scratch  4.00"]
    assert {path.name for path in tmp_path.glob("ranks.*")} == {"ranks.svg", "ranks.png"}


def test_two_settings_tell_nothing_apart_and_say_so(tmp_path: Path) -> None:
    report = written(tmp_path, SETTINGS[:2], LEVELS)
    found = study_ranks(results(report))
    assert found is not None
    assert found.groups() == [list(found.average.index)]
    assert "so few settings tell nothing apart" in caption(
        "ranks", ranks.draw(find(report, tmp_path), "")[1]
    )


@pytest.mark.parametrize(
    ("settings", "algorithms", "says"),
    [
        (SETTINGS[:1], list(LEVELS), "there are 1 and 4"),
        (SETTINGS, ["maml", "mine"], "there are 4 and 2"),
    ],
)
def test_too_few_have_no_ranks_no_figure_and_a_reason(
    tmp_path: Path, settings: list[str], algorithms: list[str], says: str
) -> None:
    tasks = {"glyphs": "classification"}
    assert "ranks" not in figure_names(study(settings, algorithms), tasks)
    assert "ranks" in figure_names(study(SETTINGS, LEVELS), tasks)
    report = written(tmp_path, settings, {name: LEVELS[name] for name in algorithms})
    assert rank_numbers(results(report)).empty
    assert says in what_ranks_say(results(report))
    assert rank_text(results(report)).iloc[0, 0] == what_ranks_say(results(report))
    _, facts = ranks.draw(find(report, tmp_path), "")  # where a run diverged after the study began
    assert says in caption("ranks", facts)


def test_one_seed_is_named_where_an_interval_over_both_would_stand(tmp_path: Path) -> None:
    one = results_text(results(written(tmp_path, SETTINGS[:1], {"maml": 0.5})))
    assert one["± 95 % over both"].tolist() == ["one seed"]
    three = results_text(results(written(tmp_path, SETTINGS[:1], {"maml": 0.5}, seeds=3)))
    assert float(three["± 95 % over both"].item()) > 0


def pair(**values: Any) -> dict[str, Any]:
    row = {"task": "classification", "difference": 1.0, "robust": -1.0, "joint_ci95": 0.5}
    row |= {"corrected": 0.01, "units": 20, "trimmed": False}
    return row | {"seeds": 3, "diverged_seeds": 0} | values


def test_the_verdict_is_that_of_the_corrected_test() -> None:
    assert verdict(pair()) == "better"
    assert verdict(pair(task="regression")) == "worse"
    assert verdict(pair(corrected=0.06)) == "no difference seen"
    assert verdict(pair(trimmed=True)) == "worse (trimmed mean)"
    assert verdict(pair(corrected=np.nan)) == "unknown"
    assert verdict(pair(corrected=0.0625, units=5)) == "too few episodes to tell"


def test_what_would_stand_if_all_were_trained_again() -> None:
    assert again(pair()) == "stands"
    assert again(pair(joint_ci95=1.5)) == "open"
    assert again(pair(seeds=1)) == "one seed"
    assert again(pair(joint_ci95=np.nan)) == "unknown"


def test_the_mean_over_trainings_says_nothing_of_a_trimmed_mean() -> None:
    """Its sign may be the other: here the plain mean is above zero and the trimmed one below."""
    assert again(pair(trimmed=True)) == "unknown"


def test_what_is_left_of_trainings_that_diverged_does_not_stand_for_all() -> None:
    assert again(pair(diverged_seeds=1)) == "a training diverged"
    assert again(pair(seeds=1, diverged_seeds=2)) == "a training diverged"


def test_settings_with_the_same_models_are_named_below_the_ranks(tmp_path: Path) -> None:
    report = written(tmp_path, SETTINGS, LEVELS)
    assert "trained models" not in caption("ranks", ranks.draw(find(report, tmp_path), "")[1])
    one = replace(report, runs=report.runs.assign(trained_in="5w1s"))
    assert "here trained models too" in caption("ranks", ranks.draw(find(one, tmp_path), "")[1])
