"""A file that is cut or altered is found by its digest and named by the command that reads it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import chain
import pytest

from metabench.cli import main
from metabench.files.described import read_described, write_described
from metabench.files.whole import canonical, read_json, write_json, write_text

Refused = Callable[[list[str]], str]
SPLIT, RUN = "results/data/glyphs/test", chain.RUN
VAL, TEST = f"{chain.EPISODES}/val-1w5s", f"{chain.EPISODES}/test-1w5s"
READ = {
    "episodes": [f"{SPLIT}/{name}" for name in ("images.npy", "labels.npy", "classes.txt")],
    "train": [f"{VAL}/{name}.npy" for name in ("support_x", "query_x", "query_labels")],
    "evaluate": [f"{RUN}/model.safetensors", f"{TEST}/support_y.npy"],
    "collect": [f"{RUN}/{name}" for name in ("predictions.npy", "steps.npy", "history.csv")]
    + [f"{TEST}/query_labels.npy"],
    "figures": [f"{RUN}/steps.npy", f"{TEST}/query_x.npy"],
}
DESCRIPTIONS = {
    "episodes": [f"{SPLIT}/meta.json"],
    "train": [f"{VAL}/episodes.json"],
    "evaluate": [f"{RUN}/train.json", f"{TEST}/episodes.json"],
    "collect": [f"{RUN}/run.json", f"{TEST}/episodes.json"],
}
NAMED = "the command that reads it names it, with both digests, in one line"


def command(road: Callable[[str], list[str]], root: Path, stage: str) -> list[str]:
    if stage != "episodes":
        return road(stage)
    drawn = {"split": "test", "way": 5, "shot": 1, "count": 2, "queries": 3, "seed": 0}
    drawn |= {"data": canonical(vars(chain.GLYPHS)), "images": root / SPLIT, "out": root / "new"}
    return ["episodes", *(f"--{name}={value}" for name, value in drawn.items())]


@pytest.mark.fault("`images.npy`, labels or class names are cut or altered", NAMED, "that split")
@pytest.mark.fault("an array of episodes is cut or altered", NAMED, "those episodes")
@pytest.mark.fault("`model.safetensors` is cut or altered", NAMED, "that model")
@pytest.mark.fault("`history.csv` is cut or altered", NAMED, "that run's curve")
@pytest.mark.fault("`predictions.npy` or `steps.npy` is cut or altered", NAMED, "that run")
@pytest.mark.parametrize("how", ["cut", "flipped"])
@pytest.mark.parametrize(("stage", "name"), [(s, n) for s, names in READ.items() for n in names])
def test_an_altered_file_is_named(
    road, tmp_path: Path, refused: Refused, stage: str, name: str, how: str
) -> None:
    chain.damage(tmp_path / name, how)
    said = refused(command(road, tmp_path, stage))
    assert f"{tmp_path / name}: altered since it was written: expected sha256" in said


@pytest.mark.fault(
    "`meta.json`, `episodes.json`, `train.json` or `run.json` is cut or altered", NAMED, "that file"
)
@pytest.mark.parametrize("how", ["cut", "flipped", "edited"])
@pytest.mark.parametrize(
    ("stage", "name"), [(s, n) for s, names in DESCRIPTIONS.items() for n in names]
)
def test_an_altered_description_is_named(
    road, tmp_path: Path, refused: Refused, stage: str, name: str, how: str
) -> None:
    if how == "edited":
        write_json(tmp_path / name, {**read_json(tmp_path / name), "seed": 7})
    else:
        chain.damage(tmp_path / name, how)
    assert refused(command(road, tmp_path, stage)).startswith(
        f"metabench: error: {tmp_path / name}: "
    )


@pytest.mark.fault("a model is put into the folder of another run", NAMED, "nothing")
def test_the_model_of_another_run_is_named(road, tmp_path: Path, refused: Refused) -> None:
    other = [
        word.replace("seed0", "seed1").replace('"seed":0', '"seed":1') for word in road("train")
    ]
    assert main(other) == 0
    model = tmp_path / RUN / "model.safetensors"
    (tmp_path / RUN.replace("seed0", "seed1") / "model.safetensors").replace(model)
    assert f"{model}: altered since" in refused(road("evaluate"))


@pytest.mark.fault(
    "a file that a command reads is missing", "one line that names the file", "that file"
)
@pytest.mark.parametrize(
    ("stage", "name"),
    [
        ("episodes", f"{SPLIT}/images.npy"),
        ("train", f"{VAL}/query_x.npy"),
        ("evaluate", f"{RUN}/model.safetensors"),
        ("evaluate", f"{RUN}/train.json"),
        ("collect", f"{RUN}/predictions.npy"),
    ],
)
def test_a_missing_file_is_named(
    road, tmp_path: Path, refused: Refused, stage: str, name: str
) -> None:
    (tmp_path / name).unlink()
    assert f"{tmp_path / name}: there is no such file" in refused(command(road, tmp_path, stage))


def test_a_description_comes_back_as_it_was_written(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "letters")
    about = {"b": [1, 2.5, None, float("inf")], "ä": {"c": "√"}}
    write_described(tmp_path / "about.json", about, ["a.txt"])
    assert read_described(tmp_path / "about.json", "a.txt") == about


def test_a_description_of_another_program_is_taken_at_its_word(tmp_path: Path) -> None:
    write_json(tmp_path / "run.json", {"seed": 1})
    assert read_described(tmp_path / "run.json", "predictions.npy") == {"seed": 1}
