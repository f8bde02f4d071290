"""Batch normalisation and ReLU: the derivatives written out are those of the definition."""

import pytest
import torch

from metabench.networks import normalisation
from metabench.networks.normalisation import EPSILON, norm_relu


@pytest.fixture(autouse=True, params=["tasks together", "tasks one by one"])
def kernels(request, monkeypatch):
    """Each claim is made of both ways to compute."""
    if request.param == "tasks one by one":
        monkeypatch.setattr(normalisation, "SMALL", 0)


def drawn(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def defined(x, beta):
    mean = x.mean((0, 1, 2))
    var = (x - mean).square().mean((0, 1, 2))
    return torch.relu((x - mean) / (var + EPSILON).sqrt() + beta), mean, var


def test_it_is_the_definition_and_tells_the_batchs_mean_and_variance():
    x, beta = 3 + 2 * drawn(4, 3, 2, 5), drawn(5, seed=1)
    for mine, expected in zip(norm_relu(x, beta), defined(x, beta), strict=True):
        torch.testing.assert_close(mine, expected)


def test_first_and_second_derivatives_are_finite_differences():
    x, beta = drawn(3, 2, 2, 2).requires_grad_(), drawn(2, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda x, beta: norm_relu(x, beta)[0], (x, beta))
    assert torch.autograd.gradgradcheck(lambda x, beta: norm_relu(x, beta)[0], (x, beta))


@pytest.mark.parametrize("shared", [True, False])
def test_mapped_over_tasks_each_has_statistics_of_its_own(shared):
    x, betas = drawn(3, 4, 2, 2, 5), drawn(3, 5, seed=1)
    beta = betas[0] if shared else betas

    def curvature(x, beta):
        def slope(x):
            return torch.func.grad(lambda x: norm_relu(x, beta)[0].pow(3).sum())(x)

        return torch.func.grad(lambda x: slope(x).square().sum())(x)

    mapped = torch.func.vmap(curvature, in_dims=(0, None if shared else 0))(x, beta)
    alone = [curvature(x[t], beta if shared else beta[t]) for t in range(3)]
    torch.testing.assert_close(mapped, torch.stack(alone))


def test_a_third_derivative_is_refused_rather_than_wrong():
    x, beta = drawn(3, 2, 2, 2).requires_grad_(), drawn(2, seed=1)
    z = norm_relu(x, beta)[0].pow(2).sum()
    (first,) = torch.autograd.grad(z, x, create_graph=True)
    (second,) = torch.autograd.grad(first.pow(2).sum(), x, create_graph=True)
    with pytest.raises(NotImplementedError, match="third derivative"):
        torch.autograd.grad(second.sum(), x)
