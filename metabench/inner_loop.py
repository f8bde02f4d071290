"""Inner loops of several steps, and what they are made of: gradient descent, minibatches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import torch

from metabench import random
from metabench.algorithm import Algorithm, Cost, last
from metabench.networks.network import RUNNING, is_optimised
from metabench.tasks import Batch
from metabench.trees import Params, axpy, select

if TYPE_CHECKING:
    Loss = Callable[[Params, Batch], torch.Tensor]


MINIBATCHES = 1000  # the stream of a task's key that shuffles its support set


class Iterative(Algorithm):
    """An algorithm whose inner loop takes steps: theta_0, theta_1, ..., and says how.

    It takes `inner_steps` of them in meta-training, `test_inner_steps` in meta-testing.
    """

    def steps(self, params: Params, support: Batch, count: int) -> Iterator[Params]:
        """theta_0, theta_1, ..., theta_count."""
        raise NotImplementedError(f"{type(self).__name__} defines no steps")

    def adapt(self, params: Params, support: Batch) -> Params:
        """theta_k."""
        return last(self.steps(params, support, self.hp.inner_steps))

    def path(self, params: Params, support: Batch) -> Iterator[Params]:
        """theta_0, theta_1, ..."""
        return self.steps(params, support, self.hp.test_inner_steps)


def all_but_norm(name: str) -> bool:
    """Shift and scale of batch normalisation stay where they are, as in the code of MAML."""
    return is_optimised(name) and not name.endswith((".beta", ".gamma"))


def gradient(
    loss: Loss, theta: Params, batch: Batch, moves: Callable[[str], bool] = is_optimised
) -> Params:
    """The gradient of ``loss(theta, batch)`` in the parameters that move."""
    free = select(theta, moves)
    g: Params = torch.func.grad(lambda free: loss({**theta, **free}, batch))(free)
    return g


def gradient_descent(
    loss: Loss,
    theta: Params,
    batch: Batch,
    lr: float | torch.Tensor,
    steps: int,
    moves: Callable[[str], bool] = is_optimised,
    recompute: bool = False,
) -> Iterator[Params]:
    """theta_0, theta_1, ..., theta_steps with theta_{i+1} = theta_i - lr grad loss(theta_i).

    Each step is differentiable in theta_0. With ``recompute`` it keeps no activations for that,
    and is computed again instead; ``lr`` is then a number.
    """

    def moved(theta: Params, *of_batch: torch.Tensor) -> Params:
        g = gradient(loss, theta, Batch(*of_batch), moves)
        return axpy(-lr, g, select(theta, moves))

    if recompute:
        # It loads torch, which a study's check must not.
        from metabench.recomputed import recomputed

        moved = recomputed(moved, [name for name in theta if moves(name)])
    yield theta
    for _ in range(steps):
        theta = {**theta, **moved(theta, *batch)}
        yield theta


def unrolled_cost(algorithm: Algorithm) -> Cost:
    """Of a query loss at the end of `inner_steps` on the whole support set, differentiated in phi.

    Differentiating through a step costs one Hessian-vector product.
    """
    inner = algorithm.hp.inner_steps * algorithm.support_size
    return Cost(gradients=inner + algorithm.query_size, hessian_vector_products=inner)


def minibatches(batch: Batch, size: int, count: int) -> Iterator[Batch]:
    """``count`` minibatches of ``size`` examples, without replacement.

    The examples are reshuffled when all have been drawn, so a minibatch may straddle two rounds,
    as in the code released with Reptile. A size above the number of examples gives all of them.
    """
    examples = batch.x.shape[0]
    size = min(size, examples)
    rounds = -(-size * count // examples)
    order = random.permutation(
        random.fold_range(random.fold(batch.key, MINIBATCHES), rounds), examples
    ).flatten()
    for i in range(count):
        chosen = order[i * size : (i + 1) * size]
        yield Batch(batch.x[chosen], batch.y[chosen], batch.key)


def passes(batch: Batch, size: int, count: int) -> Iterator[Batch]:
    """``count`` passes over all examples in minibatches of ``size``, the last of each smaller.

    The examples are shuffled for every pass, as a PyTorch data loader does.
    """
    keys = random.fold_range(random.fold(batch.key, MINIBATCHES), count)
    for order in random.permutation(keys, batch.x.shape[0]):
        for chosen in order.split(size):
            yield Batch(batch.x[chosen], batch.y[chosen], batch.key)


LR = f"{RUNNING}test_lr"  # the step size of meta-testing, where it is chosen on validation


def tune_lr(params: Params, lrs: Sequence[float], validate: Callable[[Params], float]) -> Params:
    """``params`` with the step size that does best on validation; of equals the first."""
    candidates = [{**params, LR: torch.tensor(lr)} for lr in lrs]
    return min(candidates, key=validate) if len(candidates) > 1 else candidates[0]
