"""Meta-training: from a specification and the training and validation data to a model.

The loop goes in intervals. At the end of each it writes a row of ``history.csv``, and at times it
validates and writes a resume file. All randomness depends on the seed and the iteration alone, so
a run that is killed at any moment and started again ends with the model that it would have had.
A file ``stop`` in its folder ends a run early: what it has is its model, and it can still go on.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from metabench.algorithm import Algorithm
from metabench.datasets.store import read_images, read_meta
from metabench.episodes.fixed import EpisodeSet, load_episodes, open_source
from metabench.episodes.sampling import load_images
from metabench.files.described import write_described
from metabench.files.runs import RESUME
from metabench.learning.assembly import make_algorithm
from metabench.learning.learner import Learner
from metabench.learning.meta_testing import Validation
from metabench.learning.model_file import FILE, Saved, save_model
from metabench.learning.progress import Origin, Progress, State, load_state, origin, save_state
from metabench.machine import provenance
from metabench.machine.devices import about_gpu, open_device
from metabench.machine.energy import open_meter
from metabench.spec import RunSpec
from metabench.tasks import Source
from metabench.trees import clone, restore

ROWS_PER_VALIDATION = 5  # rows of history.csv between two validations
STOP = "stop"  # the file that ends a run early
ADVICE = "lower outer_lr or inner_lr, or set clip"


def train(
    spec: RunSpec,
    images: Path | None,
    val_images: Path | None,
    val_episodes: Path,
    out: Path,
    device: str = "auto",
    resume_every: float = 120.0,
    memory_mb: float = 0.0,
) -> None:
    """Meta-train one run and write ``model.safetensors``, ``history.csv`` and ``train.json``.

    Args:
        spec: the run.
        images: the folder of the training split; None for regression.
        val_images: the folder of the validation split; None for regression.
        val_episodes: the folder of the validation episodes, labels included.
        out: the folder to write.
        device: see ``open_device``.
        resume_every: seconds between two resume files, at least.
        memory_mb: what the run may use, in 10^6 bytes; 0 is all that a GPU has.
    """
    with open_device(device, spec.hyperparameters.get("precision", "float32")) as where:
        source = open_source(spec.data, images, where)
        val = load_images(read_images(val_images), where) if val_images is not None else None
        validation = load_episodes(val_episodes, val, where, labels=True)
        algorithm = make_algorithm(spec, source.input_shape, source.train_classes)
        data = read_meta(images)["sha256"] if images is not None else ""
        of = origin(spec, data, validation.meta["sha256"])
        run = Run(spec, of, algorithm, source, validation, out, where, resume_every, memory_mb)
        run.start()
        try:
            while run.unfinished and not (out / STOP).exists():
                run.interval()
            run.finish()
        finally:  # an error begins a line of its own
            run.close()


class Run:
    """One meta-training under way."""

    def __init__(
        self,
        spec: RunSpec,
        of: Origin,
        algorithm: Algorithm,
        source: Source,
        validation: EpisodeSet,
        out: Path,
        device: torch.device,
        resume_every: float,
        memory_mb: float = 0.0,
    ) -> None:
        self.spec, self.of, self.algorithm, self.hp = spec, of, algorithm, algorithm.hp
        self.validation, self.out, self.device = validation, out, device
        self.validate = Validation(algorithm, validation)
        self.progress = Progress()
        self.learner = Learner(spec, algorithm, source, device, memory_mb)
        self.best = clone(self.learner.params)
        self.resume_file = out / RESUME
        self.resume_every = resume_every
        self.saved_at = self.started = time.monotonic()
        self.meter = open_meter(device)
        self.bar: tqdm[Any] | None = None

    @property
    def unfinished(self) -> bool:
        """Whether there are iterations left to do."""
        return self.progress.iteration < self.hp.iterations and not self.progress.diverged

    def start(self) -> None:
        """Begin anew, or where the resume file of the same training left off."""
        if self.resume_file.exists():
            self.resume()
        self.started = time.monotonic() - self.progress.seconds
        if not self.progress.history and self.hp.iterations:
            loss, score = self.validate(self.learner.params)  # of no training: no candidate
            row = {"iteration": 0, "seconds": 0.0, "val_loss": loss, "val_score": score}
            self.progress.history.append(row)
        self.write_history()
        self.bar = tqdm(
            total=self.hp.iterations,
            initial=self.progress.iteration,
            desc=f"{self.spec.algorithm} seed {self.spec.seed}",
            unit="it",
            mininterval=5.0,
        )

    def interval(self) -> None:
        """Iterate to the next row of the history; validate and save where they are due."""
        progress, hp = self.progress, self.hp
        row_every = max(1, hp.validate_every // ROWS_PER_VALIDATION)
        begin = progress.iteration
        end = min(next_multiple(begin, n) for n in (row_every, hp.validate_every))
        end = min(end, hp.iterations)
        good = clone(self.learner.params)
        logged = [self.learner.iterate(iteration) for iteration in range(begin, end)]
        metrics = {name: torch.stack([each[name] for each in logged]) for name in logged[0]}
        finite = metrics["loss"].isfinite()
        if not bool(finite.all()):
            wrong = begin + int((~finite).nonzero()[0])
            message = f"the loss is not finite at iteration {wrong}; {ADVICE}"
            progress.diverged = {"iteration": wrong, "message": message}
            restore(self.learner.params, good)
            tqdm.write(f"diverged: {message}")
            return
        progress.iteration = end
        progress.seconds = time.monotonic() - self.started
        self.count_energy()
        row = {name: float(values.mean()) for name, values in metrics.items()}
        row |= {"iteration": end, "seconds": progress.seconds}
        if end % hp.validate_every == 0 or end == hp.iterations:
            row |= self.validated()
        progress.history.append(row)
        self.write_history()
        if self.bar is not None:
            self.bar.update(end - begin)
        if time.monotonic() - self.saved_at >= self.resume_every:
            self.save_resume()

    def count_energy(self) -> None:
        """Add what the devices spent since the last time, where they say it."""
        spent, before = self.meter.spent(), self.progress.joules
        self.progress.joules = None if spent is None or before is None else before + spent

    def validated(self) -> dict[str, float]:
        """Validate phi, and keep it where it is the best so far."""
        progress = self.progress
        loss, score = self.validate(self.learner.params)
        sign = -1 if self.spec.data.task == "regression" else 1
        if progress.best_score is None or sign * score > sign * progress.best_score:
            progress.best_score, progress.best_iteration = score, progress.iteration
            self.best = clone(self.learner.params)
        return {"val_loss": loss, "val_score": score}

    def write_history(self) -> None:
        """history.csv as far as it goes."""
        self.progress.write_history(self.out / "history.csv")

    def save_resume(self) -> None:
        """Write the resume file."""
        learner = self.learner
        plan, phi, outer = (learner.plan, learner.measured), learner.params, learner.outer.state()
        save_state(self.resume_file, self.of, State(self.progress, plan, phi, outer, self.best))
        self.saved_at = time.monotonic()

    def resume(self) -> None:
        """Go on from the resume file, unless it is damaged or of another training."""
        state = load_state(self.resume_file, self.of, self.device)
        if state is None:
            return
        restore(self.learner.params, state.phi)
        self.learner.outer.restore(state.outer)
        self.best, self.progress = state.best, state.progress
        self.learner.use(*state.plan)
        tqdm.write(f"resuming after iteration {self.progress.iteration}")

    def finish(self) -> None:
        """Choose the checkpoint, tune what is left open, and write the model."""
        progress, hp = self.progress, self.hp
        chosen, iteration = self.learner.params, progress.iteration
        if hp.checkpoint == "best-on-validation" and progress.best_score is not None:
            chosen, iteration = self.best, progress.best_iteration
        if not progress.diverged:
            chosen = self.algorithm.tune(chosen, self.validate.error)
        self.close()
        self.count_energy()
        shape, normalise = self.algorithm.problem.input_shape, self.validation.meta.get("normalise")
        diverged = progress.diverged["message"] if progress.diverged else ""
        save_model(self.out, Saved(self.spec, chosen, shape, normalise), diverged)
        cost = self.algorithm.cost()
        tasks = hp.meta_batch * progress.iteration
        write_described(
            self.out / "train.json",
            {
                "trained_in": f"{self.spec.way}w{self.spec.shot}s",
                "iterations": progress.iteration,
                "checkpoint": {
                    "protocol": hp.checkpoint,
                    "iteration": iteration,
                    "val_score": progress.best_score,
                },
                "status": "diverged" if progress.diverged else "finished",
                **({"diverged": progress.diverged} if progress.diverged else {}),
                "git_commit": provenance.git_commit(),
                "engine_code": provenance.engine_code(),
                "versions": provenance.versions(),
                "device": provenance.device_name(self.device),
                **about_gpu(self.device),
                "threads": torch.get_num_threads(),
                "engine": self.learner.computed(),
                "val_episodes_sha256": self.validation.meta["sha256"],
                "cost": {
                    "train_seconds": round(time.monotonic() - self.started, 3),
                    "peak_memory_mb": round(provenance.peak_memory_mb(self.device), 1),
                    "gradients": cost.gradients * tasks,
                    "hessian_vector_products": cost.hessian_vector_products * tasks,
                    **({} if progress.joules is None else {"joules": round(progress.joules, 1)}),
                },
            },
            [FILE, "history.csv"],
        )
        if self.unfinished:
            self.save_resume()
        else:
            self.resume_file.unlink(missing_ok=True)

    def close(self) -> None:
        """End the progress bar."""
        if self.bar is not None:
            self.bar.close()


def next_multiple(number: int, of: int) -> int:
    """The smallest multiple of ``of`` above ``number``."""
    return (number // of + 1) * of
