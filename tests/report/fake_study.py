"""A made-up study: numpy only, small, with every kind of run that a report must show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml

from metabench.files.described import write_described
from metabench.files.whole import write_array, write_json, write_text
from metabench.report.collect import collect as collect_runs
from metabench.report.page import Origin
from metabench.setting import Setting
from metabench.study.file import Entry, StudyFile, as_written

PROJECT = Path(__file__).resolve().parents[2]
CONFIG = PROJECT / "config"

WAY, SHOT, QUERIES, EPISODES = 20, 1, 5, 40
CLASSES = 24
CURVES, POINTS = 30, 50
STUDY = StudyFile(
    name="fake",
    title="A made-up study",
    seeds=(0, 1),
    grid=(
        Entry("sinusoid", (Setting(1, 5),), ("maml", "pretrain_finetune")),
        Entry(
            "omniglot_challenge_small1",
            (Setting(WAY, SHOT),),
            ("maml", "protonet", "pretrain_head", "reptile"),
            references=("people", "bpl"),
        ),
    ),
    budget=0.5,
)
TITLES = {
    "maml": "MAML",
    "protonet": "Prototypical networks",
    "pretrain_head": "Pre-training, new head",
    "pretrain_finetune": "Pre-training, fine-tuned",
    "reptile": "Reptile",
}
# Probability of a right answer after 0, 1, 3 steps, and modes.
IMAGES = {
    "maml": ([0.2, 0.75, 0.9], ["transductive", "inductive"]),
    "protonet": ([0.94], ["running"]),
    "pretrain_head": ([0.2, 0.6, 0.8], ["running"]),
}


def make(root: Path) -> dict[str, Path]:
    """Write the study's file, data, episodes and runs under ``root``; say where they are."""
    study_file = root / "study.yaml"
    write_text(study_file, yaml.safe_dump(as_written(STUDY)))
    _images(root / "results")
    _image_runs(root / "results")
    _curves(root / "results")
    results = root / "results"
    return {
        "study": study_file,
        "results": results,
        "runs": results / "runs/fake",
        "episodes": results / "episodes",
        "report": root / "reports/fake",
    }


def collect(where: dict[str, Path], *runs: Path) -> None:
    """Score the study's runs, or those below some folders, into its report."""
    folders = list(runs) or [where["runs"]]
    collect_runs(where["study"], folders, where["episodes"], where["report"], CONFIG)


def origin(where: dict[str, Path]) -> Origin:
    """What the page needs beside the report; algorithms say of themselves what they always do."""
    return Origin(where["study"], CONFIG)


def run_json(dataset: str, algorithm: str, seed: int, **more: Any) -> dict[str, Any]:
    """A ``run.json`` as ``metabench evaluate`` writes it."""
    regression = dataset == "sinusoid"
    return {
        "study": "fake",
        "dataset": dataset,
        "task": "regression" if regression else "classification",
        "way": 1 if regression else WAY,
        "shot": 5 if regression else SHOT,
        "algorithm": algorithm,
        "title": TITLES[algorithm],
        "seed": seed,
        "backbone": "mlp40" if regression else "conv4-64",
        "hyperparameters": {"inner_lr": 0.4, "iterations": 100, "test_inner_steps": 10},
        "published_iterations": 200,
        "iterations": 100,
        "checkpoint": {"protocol": "best-on-validation", "iteration": 80, "val_score": 0.8},
        "status": "finished",
        "modes": ["none"] if regression else IMAGES.get(algorithm, ([], ["inductive"]))[1],
        "episodes_sha256": f"{'c' if regression else 'e'}" * 64,
        "data_sha256": "d" * 64,
        "code": "a" * 64,
        "git_commit": "0123456789abcdef",
        "versions": {"python": "3.12", "torch": "2.11", "numpy": "2.1", "metabench": "0.1.0"},
        "device": "cpu",
        "threads": 1,
        "cost": {
            "train_seconds": 61.0,
            "evaluate_seconds": 3.0,
            "peak_memory_mb": 300.0,
            "gradients": 3200,
            "hessian_vector_products": 0,
        },
        **more,
    }


def _images(results: Path) -> None:
    rng = np.random.default_rng(0)
    data = results / "data/omniglot_challenge_small1/test"
    strokes = rng.random((CLASSES, 4, 4)) > 0.6
    pictures = np.kron(strokes, np.ones((7, 7))).astype(np.uint8) * 255
    noise = rng.random((CLASSES, 20, 28, 28)) > 0.05
    write_array(data / "images.npy", (pictures[:, None] * noise).reshape(-1, 28, 28, 1))
    write_array(data / "labels.npy", np.repeat(np.arange(CLASSES), 20).astype(np.int32))
    write_text(data / "classes.txt", "".join(f"Latin/character{i:02}\n" for i in range(CLASSES)))
    write_described(data / "meta.json", {}, ["images.npy"])
    support = np.empty((EPISODES, WAY, SHOT), np.int32)
    query = np.empty((EPISODES, WAY * QUERIES), np.int32)
    labels = np.empty_like(query)
    for episode in range(EPISODES):
        classes = rng.permutation(CLASSES)[:WAY]
        drawings = classes[:, None] * 20 + np.stack([rng.permutation(20) for _ in classes])
        support[episode] = drawings[:, :SHOT]
        order = rng.permutation(WAY * QUERIES)
        query[episode] = drawings[:, SHOT : SHOT + QUERIES].ravel()[order]
        labels[episode] = np.repeat(np.arange(WAY), QUERIES)[order]
    folder = results / "episodes/omniglot_challenge_small1/test-20w1s"
    write_array(folder / "support.npy", support)
    write_array(folder / "query.npy", query)
    write_array(folder / "query_labels.npy", labels)
    write_json(folder / "episodes.json", {"sha256": "e" * 64, "episodes": EPISODES})


def _image_runs(results: Path) -> None:
    labels = np.load(results / "episodes/omniglot_challenge_small1/test-20w1s/query_labels.npy")
    rng = np.random.default_rng(1)
    hard = rng.normal(0, 0.08, (EPISODES, 1))  # shared by the algorithms, so that pairing gains

    def answers(right: float) -> Any:
        wrong = (labels + rng.integers(1, WAY, labels.shape)) % WAY
        return np.where(rng.random(labels.shape) < right - hard, labels, wrong).astype(np.int32)

    runs = results / "runs/fake/omniglot_challenge_small1/20w1s"
    for algorithm, (right, modes) in IMAGES.items():
        for seed in (0, 1):
            folder = runs / algorithm / f"seed{seed}"
            final = [answers(right[-1] - 0.04 * i) for i, _ in enumerate(modes)]
            write_array(folder / "predictions.npy", np.stack(final))
            more: dict[str, Any] = {}
            if len(right) > 1:
                steps = [answers(p) for p in right[:-1]] + [final[0]]
                write_array(folder / "steps.npy", np.stack(steps))
                more["steps"] = [0, 1, 3]
            _history(folder, 0.2, right[-1], rising=True)
            run = run_json("omniglot_challenge_small1", algorithm, seed, **more)
            write_json(folder / "run.json", run)
    for seed in (0, 1):
        folder = runs / "reptile" / f"seed{seed}"
        write_array(folder / "predictions.npy", np.full((1, *labels.shape), -1, np.int32))
        end = {"iteration": 40 + seed, "message": "the loss is not finite"}
        run = run_json("omniglot_challenge_small1", "reptile", seed, status="diverged")
        write_json(folder / "run.json", {**run, "diverged": end})


def _curves(results: Path) -> None:
    rng = np.random.default_rng(2)
    tasks = np.stack([rng.uniform(0.1, 5, CURVES), rng.uniform(0, np.pi, CURVES)], axis=1)

    def truth(x: Any) -> Any:
        return tasks[:, :1, None] * np.sin(x - tasks[:, 1:, None])

    folder = results / "episodes/sinusoid/test-1w5s"
    support_x = rng.uniform(-5, 5, (CURVES, 5, 1)).astype(np.float32)
    query_x = rng.uniform(-5, 5, (CURVES, POINTS, 1)).astype(np.float32)
    labels = truth(query_x).astype(np.float32)
    write_array(folder / "support_x.npy", support_x)
    write_array(folder / "support_y.npy", truth(support_x).astype(np.float32))
    write_array(folder / "query_x.npy", query_x)
    write_array(folder / "query_labels.npy", labels)
    write_array(folder / "tasks.npy", tasks.astype(np.float32))
    write_json(folder / "episodes.json", {"sha256": "c" * 64, "episodes": CURVES})
    for algorithm, left in {"maml": [0.9, 0.3, 0.15], "pretrain_finetune": [1.0, 0.9, 0.8]}.items():
        for seed in (0, 1):
            run = results / "runs/fake/sinusoid/1w5s" / algorithm / f"seed{seed}"
            tilt = 1 + 0.2 * np.sin(query_x + seed)
            steps = np.stack([labels * (1 - part * tilt) for part in left]).astype(np.float32)
            if algorithm == "maml" and seed == 1:
                steps[2, 0] = np.inf  # one episode where gradient descent ran away
                steps[2, 1] = 1e6
            write_array(run / "steps.npy", steps)
            write_array(run / "predictions.npy", steps[-1:])
            _history(run, 5.0, left[-1] * 4, rising=False)
            write_json(run / "run.json", run_json("sinusoid", algorithm, seed, steps=[0, 1, 10]))


def _history(folder: Path, start: float, end: float, *, rising: bool) -> None:
    rows = ["iteration,seconds,loss,accuracy,val_loss,val_score"]
    for i in range(1, 101):
        value = end + (start - end) * np.exp(-i / 20)
        validation = f"{value:.4f},{value:.4f}" if i % 10 == 0 else ","
        rows.append(
            f"{i},{i * 0.6:.2f},{value:.4f},{f'{value:.4f}' if rising else ''},{validation}"
        )
    write_text(folder / "history.csv", "\n".join(rows) + "\n")
    write_described(folder / "train.json", {}, ["history.csv"])
