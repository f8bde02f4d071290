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


#: What follows beta: nothing, or a gamma, which may be negative.
SCALES = [
    pytest.param(lambda *shape: [], id="shift alone"),
    pytest.param(lambda *shape: [drawn(*shape, seed=2)], id="scale"),
]


def defined(x, beta, gamma=1):
    mean = x.mean((0, 1, 2))
    var = (x - mean).square().mean((0, 1, 2))
    return torch.relu(gamma * (x - mean) / (var + EPSILON).sqrt() + beta), mean, var


@pytest.mark.parametrize("scale", SCALES)
def test_it_is_the_definition_and_tells_the_batchs_mean_and_variance(scale):
    x, *more = 3 + 2 * drawn(4, 3, 2, 5), drawn(5, seed=1), *scale(5)
    for mine, expected in zip(norm_relu(x, *more), defined(x, *more), strict=True):
        torch.testing.assert_close(mine, expected)


@pytest.mark.parametrize("scale", SCALES)
def test_first_and_second_derivatives_are_finite_differences(scale):
    given = [drawn(3, 2, 2, 2), drawn(2, seed=1), *scale(2)]
    given = [t.requires_grad_() for t in given]
    assert torch.autograd.gradcheck(lambda *given: norm_relu(*given)[0], given)
    assert torch.autograd.gradgradcheck(lambda *given: norm_relu(*given)[0], given)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("shared", [True, False])
def test_mapped_over_tasks_each_has_statistics_of_its_own(shared, scale):
    x, *betas = drawn(3, 4, 2, 2, 5), drawn(3, 5, seed=1), *scale(3, 5)
    more = [t[0] for t in betas] if shared else betas

    def curvature(*given):
        every = tuple(range(len(given)))

        def slope(*given):
            return torch.func.grad(lambda *given: norm_relu(*given)[0].pow(3).sum(), every)(*given)

        return torch.func.grad(lambda *given: sum(s.square().sum() for s in slope(*given)), every)(
            *given
        )

    dims = (0, *(None if shared else 0 for _ in more))
    mapped = torch.func.vmap(curvature, in_dims=dims)(x, *more)
    alone = [curvature(x[t], *(m if shared else m[t] for m in more)) for t in range(3)]
    for found, *each in zip(mapped, *alone, strict=True):
        torch.testing.assert_close(found, torch.stack(each))


def test_a_third_derivative_is_refused_rather_than_wrong():
    x, beta = drawn(3, 2, 2, 2).requires_grad_(), drawn(2, seed=1)
    z = norm_relu(x, beta)[0].pow(2).sum()
    (first,) = torch.autograd.grad(z, x, create_graph=True)
    (second,) = torch.autograd.grad(first.pow(2).sum(), x, create_graph=True)
    with pytest.raises(NotImplementedError, match="third derivative"):
        torch.autograd.grad(second.sum(), x)
