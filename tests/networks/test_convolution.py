"""One trilinear form <g, x * w>: its three derivatives, and the ways to compute them."""

import pytest
import torch

from metabench.networks.convolution import Conv, ToInput, ToWeight, convolve

# k, stride, height, width, channels, filters: sides and channels that take each kernel.
SHAPES = [(3, 1, 6, 5, 2, 3), (3, 2, 7, 8, 3, 2), (3, 2, 13, 12, 8, 4), (1, 1, 9, 9, 70, 2)]


def drawn(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def by_torch(x, w, stride):
    x, w = x.movedim(-1, 1), w.movedim(-1, 1)
    return torch.conv2d(x, w, None, stride, w.shape[-1] // 2).movedim(1, -1)


@pytest.mark.parametrize(("k", "stride", "height", "width", "channels", "filters"), SHAPES)
def test_it_is_torchs_convolution(k, stride, height, width, channels, filters):
    x, w = drawn(4, height, width, channels), drawn(filters, k, k, channels, seed=1)
    torch.testing.assert_close(convolve(x, w, stride), by_torch(x, w, stride))


@pytest.mark.parametrize(("k", "stride", "height", "width", "channels", "filters"), SHAPES)
@pytest.mark.parametrize("tasks", [1, 3])
def test_the_form_is_the_same_number_by_each_of_its_derivatives(
    k, stride, height, width, channels, filters, tasks
):
    """<g, x * w> = <x, to_input(g, w)> = <w, to_weight(x, g)>, for any x, w and g."""
    x, w = drawn(tasks, 2, height, width, channels), drawn(tasks, filters, k, k, channels, seed=1)
    y = Conv.apply(x, w, stride)
    g = drawn(*y.shape, seed=2)
    form = (g * y).sum()
    torch.testing.assert_close((x * ToInput.apply(g, w, x.shape[2:4], stride)).sum(), form)
    torch.testing.assert_close((w * ToWeight.apply(x, g, k, stride)).sum(), form)


@pytest.mark.parametrize(("k", "stride", "height", "width", "channels", "filters"), SHAPES[:2])
def test_first_and_second_derivatives_are_finite_differences(
    k, stride, height, width, channels, filters
):
    x = drawn(2, height, width, channels).requires_grad_()
    w = drawn(filters, k, k, channels, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda x, w: convolve(x, w, stride), (x, w))
    assert torch.autograd.gradgradcheck(lambda x, w: convolve(x, w, stride), (x, w))


@pytest.mark.parametrize(("k", "stride", "height", "width", "channels", "filters"), SHAPES)
@pytest.mark.parametrize("shared", [True, False])
def test_mapped_over_tasks_it_is_each_task_alone(
    k, stride, height, width, channels, filters, shared
):
    """With its derivatives, whether tasks share their weights or have their own."""
    x, own = drawn(3, 2, height, width, channels), drawn(3, filters, k, k, channels, seed=1)
    w = own[0] if shared else own

    def slope(x, w):
        return torch.func.grad(lambda x, w: convolve(x, w, stride).sin().sum(), (0, 1))(x, w)

    mapped = torch.func.vmap(slope, in_dims=(0, None if shared else 0))(x, w)
    alone = [slope(x[t], w if shared else w[t]) for t in range(3)]
    for both, each in zip(mapped, zip(*alone, strict=True), strict=True):
        torch.testing.assert_close(both, torch.stack(each))


def test_two_maps_nest():
    """As in inductive meta-testing: tasks outside, their queries inside."""
    x, w = drawn(3, 4, 2, 6, 6, 2), drawn(3, 5, 3, 3, 2, seed=1)
    each_query = torch.func.vmap(convolve, in_dims=(0, None))
    mapped = torch.func.vmap(each_query)(x, w)
    torch.testing.assert_close(mapped[2, 1], convolve(x[2, 1], w[2]))
