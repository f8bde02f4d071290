"""Plain pre-training, the baseline: one network for all tasks at once.

    L(phi) = sum over tasks of l_n(phi)    (MAML: sum over tasks of l_n(theta_n(phi)))

On images the tasks together are the classification of all classes of the training split; on
functions they are regression on the examples of all tasks.
"""

from __future__ import annotations

import torch

from metabench.algorithm import Algorithm, Cost, Metrics
from metabench.layers import gathering
from metabench.networks.network import Norm
from metabench.tasks import Batch, Problem, Source, Task
from metabench.trees import Params


class PreTraining(Algorithm):
    """One network for all tasks; a subclass says what becomes of it in a task."""

    running_statistics = True

    @classmethod
    def outputs(cls, problem: Problem) -> int:
        """One output for each class of the training split, or for the value; 0 for no head."""
        if problem.task == "regression":
            return 1
        return problem.train_classes if cls.linear_head else 0

    def draw(self, source: Source, keys: torch.Tensor) -> Task:
        """One "task" of an image for each key; or the episodes of functions as they are."""
        if self.problem.task == "regression":
            return super().draw(source, keys)
        batch = Batch(*(tensor[None] for tensor in source.examples(keys)))
        return Task(batch, batch)

    def pretrained(self, params: Params, x: torch.Tensor, norm: Norm) -> torch.Tensor:
        """What is trained: examples -> logits of all classes of the training split, or values."""
        return self.network(params, x, norm)

    def meta_loss(self, params: Params, task: Task) -> tuple[torch.Tensor, Metrics]:
        """l_n(phi): no adaptation comes before the loss."""
        if self.problem.task == "regression":
            # Support and queries alike: the examples of a meta-learner, no more, no fewer.
            support, query = task
            x, y = torch.cat([support.x, query.x]), torch.cat([support.y, query.y])
        else:
            x, y = task.query.x, task.query.y
        norm = Norm(seen={})
        loss, metrics = self.scored(self.pretrained(params, x, norm), y)
        return loss + gathering(params, norm), metrics

    def cost(self) -> Cost:
        """One gradient of one image, or of all examples of a function."""
        if self.problem.task == "regression":
            return super().cost()
        return Cost(gradients=1, hessian_vector_products=0)


def new_head(params: Params, way: int) -> Params:
    """The head of ``params`` with ``way`` outputs, all zero: no class is preferred."""
    weight = params["head.weight"]
    return {
        "head.weight": weight.new_zeros(weight.shape[0], way),
        "head.bias": weight.new_zeros(way),
    }
