"""Meta-testing: from a model and the fixed test episodes to predictions.

It reads no labels of test queries.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from metabench.algorithm import Algorithm
from metabench.datasets.store import read_images
from metabench.episodes.fixed import EpisodeSet, load_episodes
from metabench.episodes.sampling import load_images
from metabench.files.described import read_described, write_described
from metabench.files.forms import NUMBERS, TEXT
from metabench.files.runs import NO_ANSWER, answered
from metabench.files.whole import write_array
from metabench.inner_loop import LR
from metabench.learning.assembly import make_algorithm
from metabench.learning.meta_testing import (
    RECORDED,
    Validation,
    classes,
    modes,
    run_episodes,
    stated_modes,
)
from metabench.learning.params import load_params
from metabench.machine import provenance
from metabench.machine.devices import about_gpu, open_device
from metabench.spec import RunSpec
from metabench.trees import Params


def evaluate(
    spec: RunSpec,
    images: Path | None,
    episodes: Path,
    model: Path,
    out: Path,
    device: str = "auto",
    val_images: Path | None = None,
    val_episodes: Path | None = None,
) -> None:
    """Predict the queries of the test episodes and write the files that scoring reads.

    Writes ``predictions.npy`` [modes, episodes, queries, ...], ``steps.npy`` [steps, episodes,
    queries, ...] in the first mode where the inner loop has steps, and ``run.json``. A model whose
    meta-training diverged is not asked: its predictions are -1, or not a number. A run has diverged
    too where it has no answer to any query.

    Args:
        spec: the run.
        images: the folder of the test split; None for regression.
        episodes: the folder of the test episodes.
        model: the run folder that holds ``model.safetensors`` and ``train.json``.
        out: the folder to write.
        device: see ``open_device``.
        val_images: the folder of the validation split, for ``val_episodes`` of images.
        val_episodes: the folder of validation episodes, labels included, where the model is that of
            another algorithm: what training would have chosen on them is chosen here.
    """
    with open_device(device, spec.hyperparameters.get("precision", "float32")) as where:
        begun = time.monotonic()
        pictures = load_images(read_images(images), where) if images is not None else None
        test = load_episodes(episodes, pictures, where, labels=False)
        algorithm = make_algorithm(spec, test.input_shape)
        needed = {"status": TEXT, "cost": NUMBERS}
        trained = read_described(model / "train.json", "model.safetensors", needed=needed)
        params = load_params(model / "model.safetensors", where)
        if val_episodes is not None and trained["status"] != "diverged":
            known = load_images(read_images(val_images), where) if val_images is not None else None
            validate = Validation(algorithm, load_episodes(val_episodes, known, where, labels=True))
            params = algorithm.tune(params, validate.error)
        recorded: list[int] = []
        (out / "steps.npy").unlink(missing_ok=True)
        if trained["status"] == "diverged":
            in_modes = stated_modes(algorithm, params)
            predictions = nothing(spec, test, len(in_modes))
        else:
            in_modes = modes(algorithm, params, test)
            recorded = recorded_steps(algorithm, params, test)
            ends, kept = run_episodes(algorithm, params, test, in_modes, recorded)
            predictions = answers(spec, ends)
            if recorded:
                write_array(out / "steps.npy", answers(spec, kept))
            if not answered(predictions).any():  # there is nothing to score
                trained["status"] = "diverged"
                trained["diverged"] = {"message": "no test query has an answer"}
        write_array(out / "predictions.npy", predictions)
        cost = trained.pop("cost") | {"evaluate_seconds": round(time.monotonic() - begun, 3)}
        write_described(
            out / "run.json",
            {
                **spec.identity(),
                **trained,
                "modes": in_modes,
                **({"steps": recorded} if recorded else {}),
                **({"test_lr": float(params[LR])} if LR in params else {}),
                "episodes_sha256": test.meta["sha256"],
                "data_sha256": test.meta["data_sha256"],
                **({"subset": test.meta["subset"]} if "subset" in test.meta else {}),
                "cost": cost,
                "evaluated": {
                    "git_commit": provenance.git_commit(),
                    "engine_code": provenance.engine_code(),
                    "versions": provenance.versions(),
                    "device": provenance.device_name(where),
                    **about_gpu(where),
                },
            },
            ["predictions.npy", *["steps.npy"] * bool(recorded)],
        )


def recorded_steps(algorithm: Algorithm, params: Params, test: EpisodeSet) -> list[int]:
    """The inner steps whose predictions are kept; none where the inner loop has no steps."""
    support = test.tasks(0, 1).support
    one = type(support)(*(tensor[0] for tensor in support))
    with torch.no_grad():
        length = sum(1 for _ in algorithm.path(params, one))
    return [step for step in RECORDED if step < length] if length > 1 else []


def answers(spec: RunSpec, outputs: torch.Tensor) -> NDArray[Any]:
    """Class int32 [...] from logits [..., way], see ``classes``; values float32 [..., 1]."""
    if spec.data.task == "regression":
        return outputs.cpu().numpy().astype(np.float32)
    return classes(outputs).cpu().numpy().astype(np.int32)


def nothing(spec: RunSpec, test: EpisodeSet, count: int) -> NDArray[Any]:
    """The predictions of a run that diverged."""
    shape = (count, int(test.meta["episodes"]), int(test.meta["queries"]))
    if spec.data.task == "regression":
        return np.full((*shape, 1), np.nan, dtype=np.float32)
    return np.full(shape, NO_ANSWER, dtype=np.int32)
