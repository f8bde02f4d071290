"""A trained model in Python: one file that says what it is of, and answers any task it can serve.

model = load("results/runs/default/glyphs/5w1s/maml/seed0")
logits = model.predict(support_x, support_y, query_x)
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import torch

from metabench import random
from metabench.algorithm import Algorithm
from metabench.episodes.sampling import Normal
from metabench.errors import MetabenchError
from metabench.learning.assembly import make_algorithm
from metabench.learning.meta_testing import outputs_of_task, stated_modes
from metabench.learning.model_file import FILE, Saved, read_model
from metabench.tasks import Batch, Task


class Model:
    """What a meta-training ended in.

    Attributes:
        spec: the run that trained it.
        params: phi.
        modes: how queries may be normalised; the first is the algorithm's own.
    """

    def __init__(self, saved: Saved, device: torch.device | str) -> None:
        spec, params = saved.spec, saved.params
        self.spec, self.params, self.input_shape = spec, params, saved.input_shape
        self.normal = Normal(saved.normalise, device)
        own = make_algorithm(spec, self.input_shape)
        self.modes = stated_modes(own, params)
        self._made = {(spec.way, spec.shot): own}

    def predict(
        self,
        support_x: torch.Tensor,
        support_y: torch.Tensor,
        query_x: torch.Tensor,
        mode: str | None = None,
    ) -> torch.Tensor:
        """Adapt to a support set, and answer queries as meta-testing does.

        A task may have other numbers of classes and shots than those of training where no
        parameter of the algorithm hangs on them: prototypes have any, MAML's head has its own.

        Args:
            support_x: images [n, C, H, W], uint8 or float32 in [0, 1]; or values float32 [n, 1].
            support_y: classes int64 [n], from 0 without a gap; or values float32 [n, 1].
            query_x: [queries, ...], as ``support_x``.
            mode: one of ``modes``; None is the first.

        Returns:
            Logits [queries, way], or values [queries, 1].

        Raises:
            MetabenchError: where a shape, the classes or the mode are not this model's.
        """
        for name, x in {"support_x": support_x, "query_x": query_x}.items():
            if tuple(x.shape[1:]) != self.input_shape:
                right = ", ".join(map(str, ("n", *self.input_shape)))
                raise MetabenchError(f"{name}: shape {list(x.shape)}; [{right}] is right")
        one = (1,) if self.spec.data.task == "regression" else ()
        if tuple(support_y.shape) != (len(support_x), *one):
            right = ", ".join(map(str, (len(support_x), *one)))
            raise MetabenchError(f"support_y: shape {list(support_y.shape)}; [{right}] is right")
        if mode is not None and mode not in self.modes:
            raise MetabenchError(f"mode '{mode}'; {' or '.join(self.modes)} is right")
        algorithm = self.algorithm(*self._setting(support_y))
        device = next(iter(self.params.values())).device
        key = random.key(0, "a task of one's own", device)  # the same task, the same answer
        y = support_y.to(device)
        support = self.normal.batch(Batch(_floats(support_x, device), y, key))
        query = self.normal.batch(Batch(_floats(query_x, device), y[:0], key))
        answer = outputs_of_task(algorithm, [mode or self.modes[0]], ())
        with torch.no_grad():
            return answer(self.params, Task(support, query))[0][0]

    def algorithm(self, way: int, shot: int) -> Algorithm:
        """The algorithm, told of a setting.

        Raises:
            MetabenchError: where phi would have another shape there.
        """
        if (way, shot) not in self._made:
            other = make_algorithm(replace(self.spec, way=way, shot=shot), self.input_shape)
            if _shapes(other) != _shapes(self.algorithm(self.spec.way, self.spec.shot)):
                raise MetabenchError(
                    f"support_y: {way} classes with {shot} examples; {self.spec.algorithm} has "
                    f"parameters for {self.spec.way} with {self.spec.shot}"
                )
            self._made[way, shot] = other
        return self._made[way, shot]

    def _setting(self, support_y: torch.Tensor) -> tuple[int, int]:
        """Way and shot of a support set; where classes have different numbers, the largest."""
        if self.spec.data.task == "regression":
            return 1, len(support_y)
        counts = Counter(support_y.tolist())
        if sorted(counts) != list(range(len(counts))):
            raise MetabenchError(
                f"support_y: classes {sorted(counts)}; from 0 without a gap is right"
            )
        return len(counts), max(counts.values())


def load(path: str | os.PathLike[str], device: torch.device | str = "cpu") -> Model:
    """The model of a run.

    Args:
        path: the run's folder, or its ``model.safetensors``, wherever that lies now.
        device: where it answers.

    Raises:
        MetabenchError: where there is no model, or it is damaged, says nothing of itself, or is
            of a meta-training that diverged.
    """
    file = Path(path) / FILE if Path(path).is_dir() else Path(path)
    if not file.is_file():
        raise MetabenchError(
            f"{file}: no such file; what is tested on another algorithm's model has none of its own"
        )
    return Model(read_model(file, device), device)


def _shapes(algorithm: Algorithm) -> dict[str, torch.Size]:
    """Of phi, by name."""
    phi = algorithm.init(torch.Generator().manual_seed(0))
    return {name: tensor.shape for name, tensor in phi.items()}


def _floats(x: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Bytes as numbers from 0 to 1; numbers as they are."""
    x = x.to(device)
    return x / 255 if x.dtype == torch.uint8 else x.to(torch.float32)
