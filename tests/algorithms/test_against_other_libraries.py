"""Meta-gradients agree with `higher` and TorchOpt on the same network, weights and task.

The network there is a plain torch module, with torch's own convolution and batch normalisation.
Both libraries are in the extra `compare` of pyproject.toml; without them these tests are skipped.
"""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.nn.functional import batch_norm, cross_entropy

from metabench.algorithms.fomaml import FOMAML
from metabench.algorithms.imaml import IMAML
from metabench.algorithms.maml import MAML
from metabench.networks.conv4 import LAYERS
from metabench.networks.normalisation import EPSILON
from metabench.trees import Params

FILTERS, WAY = 4, 3  # of the fixture `conv`
INNER_LR, STEPS = 0.1, 3
# With a lambda of 2, H + lambda I has negative eigenvalues on this network: conjugate gradient then
# stops here, goes on in TorchOpt, and neither solves the system.
LAMBDA, PROXIMAL_LR = 20.0, 0.01


class Conv4(nn.Module):
    """MAML's network for Omniglot, as anyone would write it."""

    def __init__(self) -> None:
        super().__init__()
        for i in range(1, LAYERS + 1):
            channels = 1 if i == 1 else FILTERS
            conv = nn.Conv2d(channels, FILTERS, 3, stride=2, padding=1, bias=False)
            setattr(self, f"conv{i}", conv)
            setattr(self, f"norm{i}", Shift())
        self.head = nn.Linear(FILTERS, WAY)
        self.double()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for i in range(1, LAYERS + 1):
            x = torch.relu(getattr(self, f"norm{i}")(getattr(self, f"conv{i}")(x)))
        return self.head(x.mean((2, 3)))


class Shift(nn.Module):
    """Batch normalisation with a shift; torch differentiates it twice only if it has a scale."""

    def __init__(self) -> None:
        super().__init__()
        self.beta = nn.Parameter(torch.zeros(FILTERS))
        self.register_buffer("ones", torch.ones(FILTERS))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return batch_norm(x, None, None, self.ones, self.beta, training=True, eps=EPSILON)


def theirs(ours: Params) -> Params:
    """Parameters, or a gradient, laid out as torch's modules have them."""
    moved = {}
    for name, value in ours.items():
        if name == "head.weight":
            value = value.T
        elif value.ndim == 4:
            value = value.movedim(-1, 1)  # [out, 3, 3, in] -> [out, in, 3, 3]
        moved[name] = value.detach().clone()
    return moved


def module(phi: Params) -> Conv4:
    """The torch module with the weights phi."""
    net = Conv4()
    net.load_state_dict(theirs(phi), strict=False)
    return net


def agree(ours: Params, expected: Params) -> None:
    """Every entry to 1e-5 of the largest."""
    for name, value in theirs(ours).items():
        largest = float(expected[name].abs().max())
        assert largest > 0
        torch.testing.assert_close(value, expected[name], rtol=1e-5, atol=1e-5 * largest)


def test_maml_agrees_with_higher(conv, image_task, start):
    (gradient, _), net = maml(conv, image_task, start, MAML)
    agree(gradient, by_higher(net, image_task, second_order=True))


def test_fomaml_agrees_with_higher(conv, image_task, start):
    (gradient, _), net = maml(conv, image_task, start, FOMAML)
    agree(gradient, by_higher(net, image_task, second_order=False))


def test_maml_agrees_with_torchopt(conv, image_task, start):
    (gradient, _), net = maml(conv, image_task, start, MAML)
    agree(gradient, by_torchopt(net, image_task, second_order=True))


def test_fomaml_agrees_with_torchopt(conv, image_task, start):
    (gradient, _), net = maml(conv, image_task, start, FOMAML)
    agree(gradient, by_torchopt(net, image_task, second_order=False))


def test_imaml_agrees_with_torchopt(conv, image_task, start):
    imaml = conv(
        IMAML,
        inner_lr=PROXIMAL_LR, inner_steps=STEPS, lam=LAMBDA, cg_steps=100, cg_tolerance=1e-12,
    )  # fmt: skip
    phi = start(imaml)
    gradient, _ = imaml.meta_gradient(phi, image_task)
    agree(gradient, implicitly_by_torchopt(module(phi), image_task))


def maml(conv, task, start, cls):
    """Our meta-gradient, and the module from which the others start."""
    algorithm = conv(cls, inner_lr=INNER_LR, inner_steps=STEPS)
    phi = start(algorithm)
    return algorithm.meta_gradient(phi, task), module(phi)


def by_higher(net, task, second_order):
    """The meta-gradient by `higher`'s differentiable SGD; shifts have an inner rate of 0."""
    higher = pytest.importorskip("higher", reason="`higher` is not installed: extra `compare`")
    named = dict(net.named_parameters())
    shifts = [value for name, value in named.items() if name.endswith(".beta")]
    others = [value for name, value in named.items() if not name.endswith(".beta")]
    sgd = torch.optim.SGD([{"params": others}, {"params": shifts, "lr": 0.0}], lr=INNER_LR)
    with higher.innerloop_ctx(
        net, sgd, copy_initial_weights=False, track_higher_grads=second_order
    ) as (functional, inner):
        for _ in range(STEPS):
            inner.step(cross_entropy(functional(task.support.x), task.support.y))
        query_loss = cross_entropy(functional(task.query.x), task.query.y)
        start = named.values() if second_order else functional.parameters()
        return dict(zip(named, torch.autograd.grad(query_loss, list(start)), strict=True))


def by_torchopt(net, task, second_order):
    """The meta-gradient by TorchOpt's functional SGD, from which shifts are kept out."""
    torchopt = pytest.importorskip("torchopt", reason="TorchOpt is not installed: extra `compare`")
    phi = dict(net.named_parameters())
    theta = {name: value for name, value in phi.items() if not name.endswith(".beta")}
    sgd = torchopt.sgd(lr=INNER_LR)
    state = sgd.init(theta)
    for _ in range(STEPS):
        outputs = functional_call(net, {**phi, **theta}, (task.support.x,))
        slopes = torch.autograd.grad(
            cross_entropy(outputs, task.support.y), list(theta.values()), create_graph=second_order
        )
        slopes = dict(zip(theta, slopes, strict=True))
        updates, state = sgd.update(slopes, state, params=theta, inplace=False)
        theta = torchopt.apply_updates(theta, updates, inplace=False)
    outputs = functional_call(net, {**phi, **theta}, (task.query.x,))
    start = phi if second_order else {**phi, **theta}
    slopes = torch.autograd.grad(cross_entropy(outputs, task.query.y), list(start.values()))
    return dict(zip(start, slopes, strict=True))


def implicitly_by_torchopt(net, task):
    """The meta-gradient by TorchOpt's implicit differentiation of the inner problem's solution."""
    torchopt = pytest.importorskip("torchopt", reason="TorchOpt is not installed: extra `compare`")
    names = list(dict(net.named_parameters()))
    phi = tuple(value.detach().requires_grad_() for value in net.parameters())

    def slope(theta, phi):
        """grad l_support(theta) + lambda (theta - phi), which is 0 at the solution."""

        def objective(theta):
            named = dict(zip(names, theta, strict=True))
            loss = cross_entropy(functional_call(net, named, (task.support.x,)), task.support.y)
            apart = sum((t - p).square().sum() for t, p in zip(theta, phi, strict=True))
            return loss + LAMBDA / 2 * apart

        return torch.func.grad(objective)(theta)

    cg = torchopt.linear_solve.solve_cg(maxiter=100, rtol=1e-12, atol=0.0)

    @torchopt.diff.implicit.custom_root(slope, argnums=1, solve=cg)
    def solve(theta, phi):
        for _ in range(STEPS):
            theta = tuple(
                t - PROXIMAL_LR * g for t, g in zip(theta, slope(theta, phi), strict=True)
            )
        return theta

    theta = solve(tuple(value.detach() for value in phi), phi)
    outputs = functional_call(net, dict(zip(names, theta, strict=True)), (task.query.x,))
    slopes = torch.autograd.grad(cross_entropy(outputs, task.query.y), phi)
    return dict(zip(names, slopes, strict=True))
