"""phi, and one meta-iteration after another that improves it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import torch
from tqdm import tqdm

from metabench import random, tape
from metabench.algorithm import Algorithm, Metrics
from metabench.learning import engine, plans
from metabench.learning.capture import Captured
from metabench.learning.drawing import MetaBatches
from metabench.learning.outer_loop import OuterLoop
from metabench.machine import provenance
from metabench.machine.devices import memory_of, threads
from metabench.spec import RunSpec
from metabench.tasks import Source, Task
from metabench.trees import Params


class Learner:
    """What an iteration draws, computes and updates: it depends on the seed and its number alone.

    Args:
        spec: the run.
        algorithm: of the run.
        source: what tasks are drawn from.
        device: where everything is computed.
        memory_mb: what the run may use, in 10^6 bytes; 0 is all that a GPU has.
    """

    def __init__(
        self,
        spec: RunSpec,
        algorithm: Algorithm,
        source: Source,
        device: torch.device,
        memory_mb: float = 0.0,
    ) -> None:
        self.spec, self.algorithm, self.hp, self.device = spec, algorithm, algorithm.hp, device
        self.source = source if self.hp.augment == "none" else source.augmented(self.hp.augment)
        self.keys = random.key(spec.seed, "meta-training", device)
        generator = torch.Generator().manual_seed(spec.seed)
        params = {n: p.to(device) for n, p in algorithm.init(generator).items()}
        self.outer = OuterLoop(self.hp, params)
        first = self.tasks(torch.tensor(0, device=device))
        self.meta_batch: Callable[[Any], Task] = (
            tape.Replayed(self.tasks) if device.type == "cuda" else MetaBatches(self.tasks, first)
        )
        self.use(*self.chosen_plan(first, memory_mb or memory_of(device)))

    @property
    def params(self) -> Params:
        """phi, which every iteration updates in place."""
        return self.outer.params

    def chosen_plan(self, first: Task, memory_mb: float) -> tuple[engine.Plan, dict[str, float]]:
        """How meta-gradients are computed; see ``plans.py``."""
        of = {**json.loads(self.spec.to_json()), "seed": 0, "study": "", "title": ""}
        device, count = provenance.device_name(self.device), threads(self.device)
        what = json.dumps([of, device, count, memory_mb, torch.__version__], sort_keys=True)
        return plans.choose(self.algorithm, self.params, first, count, what, memory_mb)

    def use(self, plan: engine.Plan, measured: dict[str, float]) -> None:
        """Compute by this plan from now on."""
        self.plan, self.measured = plan, measured
        self.meta_gradient = engine.MetaGradient(self.algorithm, plan)
        on_gpu = self.device.type == "cuda"
        self.step: Callable[[int], Metrics] = (
            Captured(self.learn, self.device) if on_gpu else self.learn
        )

    def computed(self) -> dict[str, Any]:
        """How meta-gradients were computed, for the result."""
        recorded = self.meta_gradient.recorded
        replayed = recorded is not None and bool(recorded.replays) and not recorded.refused
        about = {**asdict(self.plan), "replayed": replayed, "measured_seconds": self.measured}
        return about | ({"captured": self.step.captured} if isinstance(self.step, Captured) else {})

    def tasks(self, iteration: torch.Tensor) -> Task:
        """The meta-batch of an iteration (int64, shape [])."""
        keys = random.fold_range(random.fold(self.keys, iteration), self.hp.meta_batch)
        return self.algorithm.draw(self.source, keys)

    def iterate(self, iteration: int) -> Metrics:
        """One meta-iteration, with fewer tasks at once where the device has no room for them."""
        self.outer.set_rate(iteration)
        while True:
            try:
                return self.step(iteration)
            except torch.OutOfMemoryError:  # before the update, so nothing is done twice
                self.use(plans.smaller(self.plan), self.measured)
                at_once = self.plan.tasks_at_once
                tqdm.write(f"out of memory: {at_once} tasks at once from iteration {iteration} on")

    def learn(self, iteration: Any) -> Metrics:
        """Draw a meta-batch, its meta-gradient, and the outer update.

        Args:
            iteration: its number; on a GPU an int64 tensor [] there, which no processor reads.
        """
        gradient, metrics = self.meta_gradient(self.params, self.meta_batch(iteration))
        self.outer.update(gradient)
        return metrics
