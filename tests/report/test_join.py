"""A study beside the record of another: paired on the same episodes, and none run again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import yaml
from made_up_scores import study, written

from metabench.cli import main
from metabench.errors import MetabenchError
from metabench.report.data import GAP_COLUMNS, GAPS
from metabench.report.join import join
from metabench.study.file import as_written

EPISODES = "e" * 64


def report(
    folder: Path, name: str, settings: list[str], levels: dict[str, float], digest: str = EPISODES
) -> Path:
    """A report of a study, which lies beside it in ``study.yaml`` as that of a record does."""
    folder.mkdir()
    written(folder, settings, levels)
    runs = pd.read_csv(folder / "runs.csv").assign(study=name, episodes_sha256=digest)
    runs.to_csv(folder / "runs.csv", index=False)
    asked = as_written(study(settings, levels, name))
    (folder / "study.yaml").write_text(yaml.safe_dump(asked))
    return folder


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return report(tmp_path / "mine", "mine", ["5w1s", "5w5s"], {"new": 0.9, "maml": 0.5})


def test_what_is_recorded_is_paired_with_what_is_new(mine: Path, tmp_path: Path) -> None:
    levels = {"maml": 0.6, "pretrain_head": 0.7}
    record = report(tmp_path / "record", "old", ["5w1s", "20w1s"], levels)
    out = tmp_path / "out"
    given = [f"--study={mine / 'study.yaml'}", f"--report={mine}", f"--record={record}"]
    assert main(["join", *given, f"--out={out}"]) == 0
    results = pd.read_csv(out / "tables/results.csv").set_index("algorithm")
    assert set(results["way"]) == {5}  # the setting of both
    assert set(results["shot"]) == {1}
    assert results["mean"].round().to_dict() == pytest.approx(
        {"new": 90, "maml": 50, "maml--recorded": 60, "pretrain_head": 70}, abs=1
    )
    assert results.loc["maml--recorded", "title"] == "Maml, recorded"
    paired = pd.read_csv(out / "tables/paired.csv").set_index("algorithm")
    assert paired.loc["new", "baseline"] == "pretrain_head"
    assert paired.loc["new", "verdict"] == "better"
    scores = [pd.read_csv(folder / "scores.csv.gz") for folder in (mine, record)]
    ours, theirs = (
        at[(at["shot"] == 1) & (at["way"] == 5) & (at["algorithm"] == name)]["score"].to_numpy()
        for at, name in zip(scores, ("new", "pretrain_head"), strict=True)
    )
    assert paired.loc["new", "difference"] == pytest.approx(100 * (ours - theirs).mean(), rel=1e-4)


def test_what_a_study_set_for_a_model_is_known_under_its_new_name(tmp_path: Path) -> None:
    """Fine-tuning is tested on the model of the new head, which is called otherwise when joined."""
    levels = {"pretrain_head": 0.6, "pretrain_finetune": 0.7}
    both = [report(tmp_path / name, name, ["5w1s"], levels) for name in ("mine", "record")]
    for folder in both:
        runs = pd.read_csv(folder / "runs.csv").assign(model="pretrain_head")
        runs.to_csv(folder / "runs.csv", index=False)
    asked = study(["5w1s"], levels, "record")
    entry = replace(asked.grid[0], own={"pretrain_head": {"outer_lr": 0.1}})
    written_down = yaml.safe_dump(as_written(replace(asked, grid=(entry,))))
    (both[1] / "study.yaml").write_text(written_down)
    given = [f"--study={both[0] / 'study.yaml'}", f"--report={both[0]}", f"--record={both[1]}"]
    assert main(["join", *given, f"--out={tmp_path / 'out'}"]) == 0
    results = pd.read_csv(tmp_path / "out/tables/results.csv").set_index("algorithm")
    own = results["own_hyperparameters"].fillna("").to_dict()
    assert own == {
        **{"pretrain_head": "", "pretrain_finetune": ""},
        **dict.fromkeys(("pretrain_head--recorded", "pretrain_finetune--recorded"), "outer_lr"),
    }


def test_a_joined_report_is_one_that_can_be_joined_again(mine: Path, tmp_path: Path) -> None:
    record = report(tmp_path / "record", "old", ["5w1s"], {"maml": 0.6})
    join(mine / "study.yaml", mine, record, tmp_path / "out")
    third = report(tmp_path / "third", "third", ["5w1s"], {"protonet": 0.8})
    out = tmp_path / "out"
    join(out / "study.yaml", out, third, tmp_path / "all")
    results = pd.read_csv(tmp_path / "all/tables/results.csv")
    assert list(results["algorithm"]) == ["new", "maml", "maml--recorded", "protonet"]


def test_the_same_algorithm_thrice_has_three_names(mine: Path, tmp_path: Path) -> None:
    for name, level in (("a", 0.6), ("b", 0.7)):
        record = report(tmp_path / name, name, ["5w1s"], {"maml": level})
        join(mine / "study.yaml", mine, record, tmp_path / f"with-{name}")
        mine = tmp_path / f"with-{name}"
    results = pd.read_csv(mine / "tables/results.csv").set_index("algorithm")["mean"]
    assert results.round(-1).to_dict() == {
        **{"new": 90, "maml": 50},
        **{"maml--recorded": 60, "maml--recorded-2": 70},
    }


def test_what_either_lacks_is_a_gap_of_both(mine: Path, tmp_path: Path) -> None:
    record = report(tmp_path / "record", "old", ["5w1s"], {"maml": 0.6})
    cell = {"dataset": "glyphs", "task": "classification", "way": 5, "shot": 1, "seed": 1}
    lacking = [{**cell, "algorithm": "maml", "title": "Maml", "why": "not begun"}]
    pd.DataFrame(lacking)[GAP_COLUMNS].to_csv(record / GAPS, index=False)
    join(mine / "study.yaml", mine, record, tmp_path / "out")
    results = pd.read_csv(tmp_path / "out/tables/results.csv").set_index("algorithm")
    assert results["missing_seeds"].to_dict() == {"new": 0, "maml": 0, "maml--recorded": 1}


def test_clusters_that_one_side_knows_of_are_those_of_both(mine: Path, tmp_path: Path) -> None:
    record = report(tmp_path / "record", "old", ["5w1s"], {"maml": 0.6})
    scores = pd.read_csv(record / "scores.csv.gz")
    scores.assign(cluster=scores["episode"] // 2).to_csv(record / "scores.csv.gz", index=False)
    join(mine / "study.yaml", mine, record, tmp_path / "out")
    pairs = pd.read_csv(tmp_path / "out/tables/comparisons.csv")
    assert set(pairs["units"]) == {10}
    assert set(pairs["episodes"]) == {20}


def test_other_episodes_and_other_settings_are_refused(mine: Path, tmp_path: Path) -> None:
    other = report(tmp_path / "other", "old", ["5w1s"], {"maml": 0.6}, digest="f" * 64)
    with pytest.raises(MetabenchError, match=r"5w1s was tested on other episodes: eeee.* and ffff"):
        join(mine / "study.yaml", mine, other, tmp_path / "out")
    far = report(tmp_path / "far", "old", ["20w1s"], {"maml": 0.6})
    with pytest.raises(MetabenchError, match=r"no setting of .*mine; it has glyphs 20w1s"):
        join(mine / "study.yaml", mine, far, tmp_path / "out")
    with pytest.raises(MetabenchError, match=r"study\.yaml"):
        join(mine / "study.yaml", mine, tmp_path, tmp_path / "out")
    with pytest.raises(MetabenchError, match="of study 'mine', but 'old' is reported"):
        join(far / "study.yaml", mine, far, tmp_path / "out")
    with pytest.raises(MetabenchError, match="what is joined lies there"):
        join(mine / "study.yaml", mine, far, far)
