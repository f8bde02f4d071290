"""Pre-training, then fine-tuning of the whole network on the support set.

On functions, the baseline of MAML's section 5.1: one network regressed on all tasks at once, then
gradient descent on the task's examples with an automatically tuned step size. On images, a
classifier of all training classes, then gradient descent on all layers under a new head. The step
size is chosen on the validation episodes from `test_lrs`, once for the trained model.

On images it is one of the baselines of:
Ravi and Larochelle (2017), "Optimization as a model for few-shot learning".

Their code (twitter-research/meta-learning-lstm, model/baselines/pre-trained-SGD.lua) draws the new
head at random, normalises by the support set while it fine-tunes, and takes 15 steps of a size and
a decay that are the best of 42 pairs on validation episodes. Here the head begins at zero, the
statistics are those of pre-training, and there are 50 steps, of the best of three sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from metabench.hyperparameters import Hyperparameters, setting
from metabench.inner_loop import LR, gradient_descent, tune_lr
from metabench.networks.network import Norm
from metabench.pretraining import PreTraining, new_head
from metabench.tasks import Batch
from metabench.trees import Params


@dataclass(frozen=True)
class PretrainFinetuneHyperparameters(Hyperparameters):
    """Of pre-training with fine-tuning; on images `meta_batch` counts images."""

    test_lrs: tuple[float, ...] = setting((0.01,), "step sizes to choose from", above=0)
    test_inner_steps: int = setting(50, "steps of fine-tuning", least=0)


class PretrainFinetune(PreTraining):
    """One network for all tasks; gradient descent from there."""

    hyperparameters = PretrainFinetuneHyperparameters

    def path(self, params: Params, support: Batch) -> Iterator[Params]:
        """Gradient descent on the support set from phi, under a new head for classes."""
        if self.problem.task == "classification":
            params = {**params, **new_head(params, self.problem.way)}
        lr = params.get(LR, self.hp.test_lrs[0])
        return gradient_descent(self.loss, params, support, lr, self.hp.test_inner_steps)

    def predict(self, adapted: Params, x: torch.Tensor) -> torch.Tensor:
        """The network, normalised by running statistics."""
        return self.network(adapted, x, Norm(running=True))

    def tune(self, params: Params, validate: Callable[[Params], float]) -> Params:
        """The step size that does best on the validation episodes."""
        return tune_lr(params, self.hp.test_lrs, validate)
