"""Pooling and putting back are each other's derivatives, and one task's the same among many."""

import pytest
import torch

from metabench.networks.pooling import MaxPool, PutBack, Taken, max_pool

SIDES = [(6, 4), (7, 5), (3, 3)]  # the last row of an odd side belongs to no window


def drawn(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("sides", SIDES)
def test_it_is_torchs_pooling(sides):
    x = drawn(4, *sides, 3).requires_grad_()
    by_torch = torch.nn.functional.max_pool2d(x.movedim(-1, 1), 2).movedim(1, -1)
    assert torch.equal(max_pool(x, 2), by_torch)
    g = drawn(*by_torch.shape, seed=1)
    ours, theirs = (torch.autograd.grad((g * y).sum(), x)[0] for y in (max_pool(x, 2), by_torch))
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize("sides", SIDES)
def test_putting_back_is_the_transpose_of_taking(sides):
    """<g, taken(v)> = <put_back(g), v>, for any v and g."""
    x, v = drawn(2, *sides, 3), drawn(2, *sides, 3, seed=1)
    y, places = MaxPool.apply(x, 2)
    assert torch.equal(Taken.apply(x, places, 2), y)
    g = drawn(*y.shape, seed=2)
    left = (g * Taken.apply(v, places, 2)).sum()
    torch.testing.assert_close(left, (PutBack.apply(g, places, sides, 2) * v).sum())


@pytest.mark.parametrize("sides", SIDES)
def test_first_and_second_derivatives_are_finite_differences(sides):
    x = drawn(2, *sides, 3).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: max_pool(x, 2), x)
    assert torch.autograd.gradgradcheck(lambda x: max_pool(x, 2).sin(), x)


def test_mapped_over_tasks_a_hessian_vector_product_is_each_task_s_alone():
    """As in implicit MAML: differentiated backwards twice, inside of the map."""
    x, v = drawn(3, 2, 6, 5, 2), drawn(3, 2, 6, 5, 2, seed=1)

    def product(x, v):
        slope = torch.func.grad(lambda x: max_pool(x, 2).sin().sum())
        return torch.func.vjp(slope, x)[1](v)[0]

    mapped = torch.func.vmap(product)(x, v)
    torch.testing.assert_close(mapped, torch.stack([product(x[t], v[t]) for t in range(3)]))


def test_two_maps_nest():
    """As in inductive meta-testing: tasks outside, their queries inside."""
    x = drawn(3, 4, 2, 6, 6, 2)
    mapped = torch.func.vmap(torch.func.vmap(lambda x: max_pool(x, 2)))(x)
    torch.testing.assert_close(mapped[2, 1], max_pool(x[2, 1], 2))
