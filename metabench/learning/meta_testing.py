"""Predictions of an algorithm on fixed episodes, and its score where labels are at hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch

from metabench.algorithm import Algorithm, last
from metabench.episodes.fixed import EpisodeSet
from metabench.files.runs import NO_ANSWER
from metabench.learning.engine import task_at
from metabench.tape import Replayed
from metabench.tasks import Task
from metabench.trees import Params

RECORDED = (*range(11), 20, 30, 40, 50, 75, 100)  # inner steps whose predictions are kept
AT_ONCE = {"cpu": 250_000, "cuda": 1_600_000}  # numbers of the inputs that are mapped together
ALONE = 1_600_000  # the same for queries that are normalised alone: one task's parameters for all
# Two outputs are the same but for rounding where they differ by less than these shares of the
# outputs' spread (their standard deviation) and of the output itself. Sums in another order move
# those of the built-in algorithms by 1e-5 of the spread at most, TF32 might by 1e-3, and batch
# normalisation of all queries together does by 0.1 and more.
OF_SPREAD, OF_OUTPUT = 1e-2, 1e-5
LEAST = 100  # numbers that an example counts as: activations of a small one are larger than it


def at_once(numbers: int, examples: int, input_shape: tuple[int, ...]) -> int:
    """How many tasks of so many examples are mapped together, when numbers bound their inputs.

    On a CPU few are as fast as many, and a recording of many steps holds each one's parameters.
    """
    return max(1, numbers // max(LEAST, math.prod(input_shape[1:])) // examples)


def modes(algorithm: Algorithm, params: Params, episodes: EpisodeSet) -> list[str]:
    """How queries are predicted, as results say it: the first is the algorithm's own.

    ``transductive``: all queries of an episode together, so that they see each other.
    ``inductive``: each query in a batch with the support set and itself alone. ``running``:
    normalised by statistics gathered in meta-training. ``none``: the network has no batch
    normalisation. That queries do not see each other in the last two is measured.
    """
    stated = stated_modes(algorithm, params)
    if "transductive" not in stated and sees_other_queries(algorithm, params, episodes):
        return ["transductive"]
    return stated


def stated_modes(algorithm: Algorithm, params: Params) -> list[str]:
    """The modes, if queries see each other by batch normalisation or not at all."""
    if not any(name.endswith(".beta") for name in params):
        return ["none"]
    return ["running"] if algorithm.running_statistics else ["transductive", "inductive"]


def sees_other_queries(algorithm: Algorithm, params: Params, episodes: EpisodeSet) -> bool:
    """Whether queries of the first episode have other outputs alone than all together."""
    task = task_at(episodes.tasks(0, 1), 0)
    with torch.no_grad():
        adapted = last(algorithm.path(params, task.support))
        together = algorithm.predict(adapted, task.query.x)
        alone = torch.cat([algorithm.predict(adapted, x[None]) for x in task.query.x])
    spread = float(together.nan_to_num(0.0, 0.0, 0.0).std(correction=0))
    return not torch.allclose(
        alone, together, rtol=OF_OUTPUT, atol=OF_SPREAD * spread, equal_nan=True
    )


def predict_alone(
    algorithm: Algorithm, adapted: object, support_x: torch.Tensor, query_x: torch.Tensor
) -> torch.Tensor:
    """The outputs for each query when it is normalised with the support set and itself alone."""

    def one(x: torch.Tensor) -> torch.Tensor:
        return algorithm.predict(adapted, torch.cat([support_x, x[None]]))[-1]

    chunk = at_once(ALONE, len(support_x) + 1, tuple(query_x.shape[1:]))
    return torch.func.vmap(one, chunk_size=chunk)(query_x)


def outputs_of_task(
    algorithm: Algorithm, in_modes: Sequence[str], recorded: Sequence[int]
) -> Callable[[Params, Task], tuple[list[torch.Tensor], list[torch.Tensor]]]:
    """A function of one task: its outputs [queries, ...] at the end of the inner loop in each
    mode, and after recorded steps in the first."""

    def outputs(params: Params, task: Task) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        kept, adapted = [], None
        for step, adapted in enumerate(algorithm.path(params, task.support)):
            if step in recorded:
                kept.append(algorithm.predict(adapted, task.query.x))
        together = algorithm.predict(adapted, task.query.x)
        ends = [
            predict_alone(algorithm, adapted, task.support.x, task.query.x)
            if mode == "inductive"
            else together
            for mode in in_modes
        ]
        return ends, kept

    return outputs


class MetaTest:
    """An algorithm's outputs for the queries of all episodes.

    Args:
        algorithm: whatever was meta-trained.
        episodes: the fixed episodes.
        in_modes: see ``modes``.
        recorded: the inner steps whose outputs are kept, in the first mode.
    """

    def __init__(
        self,
        algorithm: Algorithm,
        episodes: EpisodeSet,
        in_modes: Sequence[str],
        recorded: Sequence[int] = (),
    ) -> None:
        self.episodes = episodes
        first = episodes.tasks(0, 1)
        support, queries = first.support.x.shape[1], first.query.x.shape[1]
        examples = support + (queries * (support + 1) if "inductive" in in_modes else queries)
        self.algorithm, self.examples = algorithm, examples
        of_task = outputs_of_task(algorithm, in_modes, recorded)
        self.outputs = Replayed(torch.func.vmap(of_task, in_dims=(None, 0)))

    def __call__(self, params: Params) -> tuple[torch.Tensor, torch.Tensor]:
        """phi -> what it predicts.

        Returns:
            At the end of the inner loop [modes, episodes, queries, outputs], and after the
            recorded inner steps in the first mode [steps, episodes, queries, outputs] (steps may
            be 0).
        """
        examples = self.examples + self.algorithm.overhead(params)
        numbers = AT_ONCE[next(iter(params.values())).device.type]
        size = at_once(numbers, examples, self.episodes.input_shape)
        ends, kept = [], []
        with torch.no_grad():
            for start in range(0, len(self.episodes), size):
                tasks = self.episodes.tasks(start, min(start + size, len(self.episodes)))
                end, steps = self.outputs(params, tasks)
                ends.append(torch.stack(end))
                kept.append(torch.stack(steps) if steps else ends[-1][:0])
        return torch.cat(ends, 1), torch.cat(kept, 1)


def run_episodes(
    algorithm: Algorithm,
    params: Params,
    episodes: EpisodeSet,
    in_modes: Sequence[str],
    recorded: Sequence[int] = (),
) -> tuple[torch.Tensor, torch.Tensor]:
    """What ``MetaTest`` returns, once."""
    return MetaTest(algorithm, episodes, in_modes, recorded)(params)


def classes(logits: torch.Tensor) -> torch.Tensor:
    """The class of each query, or ``NO_ANSWER``: logits [..., way] -> int64 [...].

    There is one where softmax gives a distribution: no logit is NaN and the largest is finite. A
    class may have -inf, which rules it out. (argmax alone names a class whatever the logits are.)
    """
    return torch.where(logits.amax(-1).isfinite(), logits.argmax(-1), NO_ANSWER)


class Validation:
    """Mean loss and score (accuracy, or squared error) of parameters over validation episodes.

    A loss that is not finite is infinite, so that nothing prefers it.
    """

    def __init__(self, algorithm: Algorithm, episodes: EpisodeSet) -> None:
        self.algorithm, self.episodes = algorithm, episodes
        self.test: MetaTest | None = None

    def __call__(self, params: Params) -> tuple[float, float]:
        """phi -> loss and score."""
        algorithm, episodes = self.algorithm, self.episodes
        if self.test is None:
            # So a `predict` that cannot be asked about one query fails before training, not after.
            in_modes = modes(algorithm, params, episodes)[:1]
            self.test = MetaTest(algorithm, episodes, in_modes)
        outputs = self.test(params)[0][0]
        y = episodes.labels
        loss = float(algorithm.score(outputs.flatten(0, 1), y.flatten(0, 1)))
        loss = loss if math.isfinite(loss) else math.inf
        if algorithm.problem.task == "regression":
            return loss, loss
        return loss, float((classes(outputs) == y).float().mean())

    def error(self, params: Params) -> float:
        """What a choice among parameters makes least: squared error, or the share of errors."""
        _, score = self(params)
        return score if self.algorithm.problem.task == "regression" else 1 - score
