"""The interface of an algorithm: a pure function of one task, which the engine maps over tasks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar, NamedTuple, TypeVar

import torch

from metabench.hyperparameters import Hyperparameters
from metabench.networks.network import RUNNING, Network, Norm, is_optimised
from metabench.tasks import Batch, Problem, Source, Task
from metabench.trees import Params, select

Metrics = dict[str, "torch.Tensor"]
State = TypeVar("State")
Aux = TypeVar("Aux")
NORM_MOMENTUM = 0.1  # share of the newest batch in the running statistics


class Cost(NamedTuple):
    """Work of one task in one meta-iteration, in examples: one gradient of five is five."""

    gradients: int
    hessian_vector_products: int


class Algorithm:
    """What a meta-learner does with one task.

    A subclass gives ``adapt`` or ``path``, and whatever else differs from what is here; what a
    family shares is in ``Iterative``, ``Episodic`` and ``PreTraining``. ``params`` is the
    meta-learned state phi, a dict of tensors; ``adapted`` is whatever ``predict`` needs
    (for gradient-based algorithms, the task's own parameters theta).

    Entries of phi named ``running.*`` are gathered rather than optimised: the outer loop subtracts
    their "gradient" as it is, so they move to wherever ``meta_gradient`` says.
    """

    hyperparameters: ClassVar[type[Hyperparameters]] = Hyperparameters
    linear_head: ClassVar[bool] = True  # whether the network ends in a layer that gives outputs
    running_statistics: bool = False  # whether it is tested with statistics of meta-training

    def __init__(self, network: Network, problem: Problem, hp: Any) -> None:
        self.check_network(network)
        self.network = network
        self.problem = problem
        self.hp = hp

    @classmethod
    def check_network(cls, network: Network) -> None:
        """Raise ``MetabenchError`` where it cannot learn on such a network; by default it can."""

    @classmethod
    def outputs(cls, problem: Problem) -> int:
        """The width of the network's head in meta-training; 0 for none."""
        return problem.way if cls.linear_head else 0

    def init(self, generator: torch.Generator) -> Params:
        """phi before meta-training."""
        params = self.network.init(generator)
        if self.running_statistics:
            layers = [name.removesuffix(".beta") for name in params if name.endswith(".beta")]
            for layer in layers:
                beta = params[f"{layer}.beta"]
                params[f"{RUNNING}{layer}.mean"] = torch.zeros_like(beta)
                params[f"{RUNNING}{layer}.var"] = torch.ones_like(beta)
        return params

    def draw(self, source: Source, keys: torch.Tensor) -> Task:
        """The tasks of one meta-iteration, one for each of ``keys`` [meta_batch]."""
        return source.episodes(keys, self.train_way, self.train_shot, self.hp.train_query)

    def adapt(self, params: Params, support: Batch) -> Any:
        """The inner loop of meta-training: phi and a support set -> adapted."""
        raise NotImplementedError(f"{type(self).__name__} defines no adapt")

    def path(self, params: Params, support: Batch) -> Iterator[Any]:
        """The inner loop of meta-testing: adapted before, and after each step."""
        yield self.adapt(params, support)

    def predict(self, adapted: Any, x: torch.Tensor) -> torch.Tensor:
        """Queries [n, ...] -> logits [n, way] or values [n, 1]."""
        return self.network(adapted, x)

    def meta_loss(self, params: Params, task: Task) -> tuple[torch.Tensor, Metrics]:
        """The query loss of predict(adapt(phi, support)), and the metrics to log."""
        outputs = self.predict(self.adapt(params, task.support), task.query.x)
        return self.scored(outputs, task.query.y)

    def meta_gradient(self, params: Params, task: Task) -> tuple[Params, Metrics]:
        """By default the gradient of ``meta_loss`` in phi, and the metrics."""
        return gradient_and_aux(lambda params: self.meta_loss(params, task), params)

    @property
    def train_way(self) -> int:
        """The classes of a training task: those of a test task, unless an algorithm serves any."""
        return self.problem.way

    @property
    def train_shot(self) -> int:
        """The support examples of each class of a training task."""
        return int(self.hp.train_shot or self.problem.shot)

    @property
    def support_size(self) -> int:
        """Support examples of a training task."""
        return self.train_way * self.train_shot

    @property
    def query_size(self) -> int:
        """Queries of a training task."""
        return int(self.train_way * self.hp.train_query)

    def overhead(self, params: Params) -> int:
        """Memory of one task beside the activations of its examples, counted in examples."""
        del params
        return 0

    def cost(self) -> Cost:
        """The work of one task in one meta-iteration: here, one gradient of all its examples."""
        return Cost(gradients=self.support_size + self.query_size, hessian_vector_products=0)

    def tune(self, params: Params, validate: Callable[[Params], float]) -> Params:
        """Choose on validation episodes what meta-training leaves open (lower is better)."""
        del validate
        return params

    def loss(self, params: Params, batch: Batch) -> torch.Tensor:
        """The mean loss of parameters on labelled examples: shape []."""
        return self.score(self.predict(params, batch.x), batch.y)

    def score(self, outputs: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Mean cross-entropy of logits, or mean squared error of values: shape []."""
        if self.problem.task == "regression":
            return (outputs - y).square().mean()
        return torch.nn.functional.cross_entropy(outputs, y)

    def scored(self, outputs: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, Metrics]:
        """The loss, and the metrics to log beside it."""
        loss = self.score(outputs, y)
        metrics = {"loss": loss.detach()}
        if self.problem.task == "classification":
            metrics["accuracy"] = (outputs.detach().argmax(-1) == y).float().mean()
        return loss, metrics


def gathered(params: Params, norm: Norm) -> Params:
    """The "gradient" that moves running statistics towards those of the batch just seen."""
    assert norm.seen is not None
    return {
        name: NORM_MOMENTUM * (params[name] - seen.detach())
        for name, seen in norm.seen.items()
        if name in params
    }


def trainable(params: Params) -> Params:
    """What the outer loop optimises: all that is not gathered."""
    return select(params, is_optimised)


def gradient_and_metrics(
    algorithm: Algorithm, theta: Params, batch: Batch
) -> tuple[Params, Metrics]:
    """grad l(theta) on labelled examples, where theta stands, and the metrics to log."""

    def loss(theta: Params) -> tuple[torch.Tensor, Metrics]:
        return algorithm.scored(algorithm.predict(theta, batch.x), batch.y)

    return gradient_and_aux(loss, theta)


def gradient_and_aux(
    loss: Callable[[Params], tuple[torch.Tensor, Aux]], params: Params
) -> tuple[Params, Aux]:
    """The gradient of the first of what ``loss`` returns, and the second as it is."""
    result: tuple[Params, Aux] = torch.func.grad(loss, has_aux=True)(params)
    return result


def last(path: Iterable[State]) -> State:
    """The state that a path ends in; no earlier one is held."""
    return deque(path, maxlen=1)[0]
