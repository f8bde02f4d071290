"""The outer loop's update: phi <- phi - eta * meta-gradient, by an optimiser of torch."""

from __future__ import annotations

import math

import torch

from metabench.hyperparameters import Hyperparameters
from metabench.networks.network import is_optimised
from metabench.trees import Params, dot, select


class OuterLoop:
    """phi, and the optimiser that moves it in place."""

    def __init__(self, hp: Hyperparameters, params: Params) -> None:
        self.hp = hp
        # The fused optimisers walk through memory and not through indices: phi and its gradient
        # must be laid out alike, or the wrong elements are updated.
        self.params = {name: value.contiguous() for name, value in params.items()}
        self.optimised = [name for name in params if is_optimised(name)]
        tensors = [self.params[name] for name in self.optimised]
        on_gpu = tensors[0].is_cuda
        # On a GPU the step size lies there too, where a captured iteration finds it.
        lr = torch.tensor(hp.outer_lr, device=tensors[0].device) if on_gpu else hp.outer_lr
        decay = hp.weight_decay
        if hp.outer_optimizer == "adam":
            self.optimizer: torch.optim.Optimizer = torch.optim.Adam(
                tensors,
                lr=lr,
                eps=hp.outer_epsilon,
                weight_decay=decay,
                fused=True,
                capturable=on_gpu,
            )
        else:
            self.optimizer = torch.optim.SGD(
                tensors, lr=lr, momentum=hp.outer_momentum, weight_decay=decay, fused=True
            )

    def set_rate(self, iteration: int) -> None:
        """Take the step size of an iteration (counted from 0)."""
        eta = rate(self.hp, iteration)
        for group in self.optimizer.param_groups:
            if isinstance(group["lr"], torch.Tensor):
                group["lr"].fill_(eta)
            else:
                group["lr"] = eta

    def step(self, gradient: Params, iteration: int) -> None:
        """Update phi by the meta-gradient of an iteration."""
        self.set_rate(iteration)
        self.update(gradient)

    def update(self, gradient: Params) -> None:
        """Update phi by a meta-gradient, with the step size that is set.

        What is optimised takes a step of the optimiser; what is gathered (``running.*``) moves by
        its "gradient" as it is; what the gradient does not name stays.
        """
        shrink = self.shrink(gradient) if self.hp.clip_norm else None
        for name in self.optimised:
            g = gradient.get(name)
            if g is not None and shrink is not None:
                g = shrink * g
            if g is not None and self.hp.clip:
                g = g.clamp(-self.hp.clip, self.hp.clip)
            # A matrix product's gradient often comes transposed.
            self.params[name].grad = None if g is None else g.contiguous()
        self.optimizer.step()
        for name, g in gradient.items():
            if not is_optimised(name):
                self.params[name].sub_(g)

    def shrink(self, gradient: Params) -> torch.Tensor:
        """The factor, at most 1, that brings the norm of the meta-gradient to `clip_norm`."""
        g = select(gradient, is_optimised)
        return (self.hp.clip_norm / dot(g, g).sqrt()).clamp(max=1.0)

    def state(self) -> Params:
        """The optimiser's own tensors, by name: ``<what>.<parameter>``."""
        return {
            f"{what}.{self.optimised[index]}": value
            for index, entry in self.optimizer.state_dict()["state"].items()
            for what, value in entry.items()
            if isinstance(value, torch.Tensor)
        }

    def restore(self, state: Params) -> None:
        """The inverse of ``state``."""
        entries: dict[int, Params] = {}
        for key, value in state.items():
            what, _, name = key.partition(".")
            entries.setdefault(self.optimised.index(name), {})[what] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": entries, "param_groups": groups})


def rate(hp: Hyperparameters, iteration: int) -> float:
    """eta at an iteration: constant, falling on a line or half a cosine, or halved at intervals."""
    if hp.outer_schedule in ("linear", "cosine"):
        left = 1 - iteration / hp.iterations
        if hp.outer_schedule == "cosine":
            left = (1 - math.cos(math.pi * left)) / 2
        return hp.outer_lr_end + (hp.outer_lr - hp.outer_lr_end) * left
    if hp.outer_schedule == "halve":
        return float(hp.outer_lr * 0.5 ** (iteration // hp.halve_every))
    return hp.outer_lr
