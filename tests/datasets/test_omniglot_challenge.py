from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_up import png

from metabench.datasets import omniglot_challenge as challenge
from metabench.datasets.archives import Files, fetch, open_files
from metabench.datasets.drawings import ink
from metabench.datasets.omniglot import EVALUATION
from metabench.datasets.prepare import prepare
from metabench.datasets.store import load_split, verify
from metabench.spec import DataSpec


def made_up_runs() -> tuple[dict[str, bytes], np.ndarray]:
    """Runs in the published form whose test items show the very drawing of their class."""
    draws = np.random.default_rng(0)
    truth = np.stack([draws.permutation(20) for _ in range(20)])
    files = {}
    for run in range(20):
        base = f"all_runs/run{run + 1:02d}"
        lines = []
        for item, row in enumerate(truth[run]):
            learnt = f"training/class{row + 1:02d}.png"
            tested = f"test/item{item + 1:02d}.png"
            files[f"{base}/{learnt}"] = files[f"{base}/{tested}"] = png(20 * run + int(row))
            lines.append(f"run{run + 1:02d}/{tested} run{run + 1:02d}/{learnt}\n")
        files[f"{base}/class_labels.txt"] = "".join(lines).encode()
    return files, truth


def test_every_test_item_is_matched_with_the_drawing_of_its_class(tmp_path: Path) -> None:
    files, truth = made_up_runs()
    folder = tmp_path / "challenge" / "test"
    challenge.write_runs(Files(sorted(files), files.__getitem__), 28, folder)
    split = load_split(folder)
    support, query, labels = (
        np.load(folder / "episodes" / f"{name}.npy")
        for name in ("support", "query", "query_labels")
    )
    assert (support.shape, query.shape) == ((20, 20, 1), (20, 20))
    assert support.dtype == query.dtype == labels.dtype == np.int32
    assert np.array_equal(labels, truth)
    matched = np.take_along_axis(support[:, :, 0], labels, axis=1)
    original = np.load(folder / "original.npy")
    assert original.shape == (800, 105, 105)
    for images in (split.images, original):
        assert np.array_equal(images[query], images[matched])
    assert np.array_equal(split.labels[query], split.labels[matched])
    assert len(np.unique(np.concatenate([support.ravel(), query.ravel()]))) == 800
    assert split.groups()["run03"] == list(range(40, 60))
    clusters = np.load(folder / "episodes" / "cluster.npy")
    assert clusters.dtype == np.int32
    assert clusters.tolist() == [alphabet for alphabet in range(10) for _ in range(2)]


@pytest.mark.parametrize("background", ["small1", "small2"])
def test_validation_shares_no_alphabet_with_training_and_serves_20_ways(background: str) -> None:
    plan = challenge.plan({"background": background})
    train, val = ({drawn.character.split("/")[0] for drawn in plan[s]} for s in ("train", "val"))
    assert not train & val
    assert len(train) == 4
    groups: dict[str, int] = {}
    for drawn in plan["val"]:
        groups[drawn.name.split("/")[0]] = groups.get(drawn.name.split("/")[0], 0) + 1
    assert len(groups) == 4
    assert min(groups.values()) >= 20
    assert challenge.sizes({"background": background})["train"].largest_group >= 20


@pytest.mark.data
def test_the_runs_are_ten_alphabets_in_pairs(raw_data: Path, tmp_path: Path) -> None:
    """Each of their drawings is one of the evaluation set, pixel by pixel, which names it."""
    with open_files(EVALUATION, next(raw_data.rglob("images_evaluation.zip"))) as files:
        alphabet = {ink(files.read(name)).tobytes(): name.split("/")[1] for name in files.names}
    with open_files(challenge.ALL_RUNS, next(raw_data.rglob("all_runs.zip"))) as files:
        challenge.write_runs(files, 28, tmp_path / "test")
    runs = np.load(tmp_path / "test/original.npy").reshape(20, 40, 105, 105)
    names = [{alphabet[drawing.tobytes()] for drawing in run} for run in runs]
    assert all(len(of_run) == 1 for of_run in names)
    clusters = np.load(tmp_path / "test/episodes/cluster.npy").tolist()
    pairs = {(cluster, *of_run) for cluster, of_run in zip(clusters, names, strict=True)}
    assert len(pairs) == len(set(clusters)) == len(set.union(*names)) == 10


@pytest.mark.data
@pytest.mark.parametrize("background", ["small1", "small2"])
def test_the_challenge_from_the_official_files(
    raw_data: Path, tmp_path: Path, background: str
) -> None:
    options = {"background": background}
    sources = []
    for archive in challenge.archives(options):
        sources.append(tmp_path / f"{archive.name}.json")
        assert fetch(archive, raw_data, sources[-1]).verified == "archive"
    spec = DataSpec("challenge", challenge.__name__, "classification", options)
    prepare(spec, sources, tmp_path / "challenge")
    for name, known in challenge.sizes(options).items():
        split = load_split(tmp_path / "challenge" / name)
        assert np.array_equal(np.bincount(split.labels), np.full(known.classes, known.per_class))
        assert max(map(len, split.groups().values())) == known.largest_group
    test = tmp_path / "challenge" / "test"
    digest = "43e25afa59f96ca2f01b4d0f0843d1724ee7ea6e5728a6cb8a6aa24e2022d5e4"
    assert verify(test) == digest
    original = np.load(test / "original.npy")
    with open_files(challenge.ALL_RUNS, next(raw_data.rglob("all_runs.zip"))) as files:
        assert np.array_equal(original[0], ink(files.read("all_runs/run01/training/class01.png")))
        # The published answer to the first item of the first run is class 8.
        item = ink(files.read("all_runs/run01/test/item01.png"))
    assert np.array_equal(original[2 * 7 + 1], item)
    assert np.load(test / "episodes" / "query_labels.npy")[0, 0] == 7
