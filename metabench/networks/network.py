"""A network: a backbone that computes features, and a linear head on top of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from metabench.trees import Params

RUNNING = "running."  # names of what is gathered during meta-training instead of optimised


def is_optimised(name: str) -> bool:
    """Whether a parameter of this name is moved by gradients, and not gathered."""
    return not name.startswith(RUNNING)


def is_head(name: str) -> bool:
    """Whether a parameter of this name belongs to the linear head."""
    return name.startswith("head.")


@dataclass
class Norm:
    """How batch normalisation normalises in one forward pass.

    Attributes:
        running: use the statistics gathered in meta-training (the entries ``running.*`` of the
            parameters); otherwise those of the batch at hand.
        seen: where the batch's own statistics are put down, if anywhere.
    """

    running: bool = False
    seen: Params | None = None

    def statistics(
        self, params: Params, layer: str, x: torch.Tensor, axes: tuple[int, ...]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The mean and variance by which ``x`` is normalised in a layer: [channels] each.

        Args:
            params: the network's, with the gathered statistics where those are used.
            layer: its name in them.
            x: what is normalised.
            axes: all axes of ``x`` but that of its channels.
        """
        if self.running:
            return params[f"{RUNNING}{layer}.mean"], params[f"{RUNNING}{layer}.var"]
        var, mean = torch.var_mean(x, axes, correction=0)
        self.note(layer, mean, var)
        return mean, var

    def note(self, layer: str, mean: torch.Tensor, var: torch.Tensor) -> None:
        """Put down a batch's own mean and variance, where they are asked for."""
        if self.seen is not None:
            self.seen[f"{RUNNING}{layer}.mean"], self.seen[f"{RUNNING}{layer}.var"] = mean, var


@dataclass(frozen=True)
class Network:
    """A backbone and its head, used functionally: nothing in it changes.

    Attributes:
        init_backbone: a generator -> the backbone's parameters.
        features: parameters, inputs [n, ...] and a Norm -> features [n, feature_size].
        feature_size: the number of features.
        outputs: the width of the head; 0 for a network without one.
        head_std: the standard deviation of the head's initial weights.
    """

    init_backbone: Callable[[torch.Generator], Params]
    features: Callable[[Params, torch.Tensor, Norm], torch.Tensor]
    feature_size: int
    outputs: int
    head_std: float

    def init(self, generator: torch.Generator) -> Params:
        """Initial parameters phi, drawn from ``generator``."""
        params = self.init_backbone(generator)
        if self.outputs:
            shape = (self.feature_size, self.outputs)
            params["head.weight"] = self.head_std * torch.randn(shape, generator=generator)
            params["head.bias"] = torch.zeros(self.outputs)
        return params

    def __call__(self, params: Params, x: torch.Tensor, norm: Norm | None = None) -> torch.Tensor:
        """The head's outputs [n, outputs] for the inputs ``x`` [n, ...]."""
        return head(params, self.features(params, x, norm or Norm()))


def head(params: Params, features: torch.Tensor) -> torch.Tensor:
    """The linear head: features [n, d] -> [n, outputs]."""
    return features @ params["head.weight"] + params["head.bias"]
