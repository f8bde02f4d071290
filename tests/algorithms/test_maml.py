"""MAML and FOMAML: the meta-gradient is what the equations say."""

import pytest
import torch

from metabench.algorithms.fomaml import FOMAML
from metabench.algorithms.maml import MAML
from metabench.tasks import Batch, Task
from metabench.trees import subtract


def query_loss_of(algorithm, task):
    return lambda phi: algorithm.meta_loss(phi, task)[0]


@pytest.mark.parametrize("steps", [1, 3])
def test_meta_gradient_is_the_finite_difference(linear, regression_task, start, difference, steps):
    maml = linear(MAML, inner_lr=0.05, inner_steps=steps)
    phi = start(maml)
    gradient, _ = maml.meta_gradient(phi, regression_task)
    difference(query_loss_of(maml, regression_task), phi, gradient)


@pytest.mark.parametrize("steps", [1, 2])
def test_meta_gradient_of_a_conv_net_is_the_finite_difference(
    conv, image_task, start, difference, steps
):
    maml = conv(MAML, inner_lr=0.1, inner_steps=steps)
    phi = start(maml)
    gradient, _ = maml.meta_gradient(phi, image_task)
    # ReLU has kinks: a step of 1e-7 crosses none of them here.
    difference(query_loss_of(maml, image_task), phi, gradient, t=1e-7)


def test_on_a_quadratic_the_meta_gradient_has_a_closed_form(linear, regression_task, start):
    """theta = phi - alpha (H phi - b), so grad L = (I - alpha H) grad l_query(theta)."""
    alpha = 0.05
    maml = linear(MAML, inner_lr=alpha, inner_steps=1)
    phi = start(maml)
    X, y = (with_bias(regression_task.support.x), regression_task.support.y)
    Q, z = (with_bias(regression_task.query.x), regression_task.query.y)
    w = torch.cat([phi["head.weight"], phi["head.bias"][None]])
    H = 2 / len(X) * X.T @ X
    theta = w - alpha * (H @ w - 2 / len(X) * X.T @ y)
    expected = (torch.eye(5) - alpha * H) @ (2 / len(Q) * Q.T @ (Q @ theta - z))
    gradient, _ = maml.meta_gradient(phi, regression_task)
    torch.testing.assert_close(gradient["head.weight"], expected[:4])
    torch.testing.assert_close(gradient["head.bias"], expected[4])


def test_fomaml_is_the_query_gradient_at_theta(conv, image_task, start):
    fomaml = conv(FOMAML, inner_lr=0.1, inner_steps=2)
    phi = start(fomaml)
    theta = {n: p.requires_grad_() for n, p in fomaml.adapt(phi, image_task.support).items()}
    fomaml.loss(theta, image_task.query).backward()
    gradient, _ = fomaml.meta_gradient(phi, image_task)
    for name in phi:
        torch.testing.assert_close(gradient[name], theta[name].grad)


def test_fomaml_differs_from_maml_by_the_second_derivatives_alone(conv, image_task, start):
    """As alpha tends to 0 the two meet, in proportion to alpha."""

    def distance(alpha):
        maml, fomaml = (conv(cls, inner_lr=alpha, inner_steps=1) for cls in (MAML, FOMAML))
        phi = start(maml)
        apart = subtract(
            maml.meta_gradient(phi, image_task)[0], fomaml.meta_gradient(phi, image_task)[0]
        )
        return sum(v.square().sum() for v in apart.values()).sqrt()

    assert distance(1e-2) > 1e-6
    assert 0.05 < distance(1e-4) / distance(1e-3) < 0.2


def test_summed_over_classes_means_a_rate_times_the_number_of_classes(conv, image_task, start):
    summed = conv(MAML, inner_lr=0.1, inner_loss="sum over classes")
    mean = conv(MAML, inner_lr=0.3, inner_loss="mean")
    phi = start(summed)
    for name, value in summed.adapt(phi, image_task.support).items():
        torch.testing.assert_close(value, mean.adapt(phi, image_task.support)[name])


def test_normalisation_shifts_stay_in_the_inner_loop_and_move_in_the_outer(conv, image_task, start):
    maml = conv(MAML, inner_lr=0.1, inner_steps=2)
    phi = start(maml)
    theta = maml.adapt(phi, image_task.support)
    gradient, _ = maml.meta_gradient(phi, image_task)
    shifts = [name for name in phi if name.endswith(".beta")]
    assert len(shifts) == 4
    for name in shifts:
        assert torch.equal(theta[name], phi[name])
        assert gradient[name].abs().sum() > 0


def test_a_path_begins_at_phi_and_passes_through_adapt(conv, image_task, start):
    maml = conv(MAML, inner_lr=0.1, inner_steps=2, test_inner_steps=4)
    phi = start(maml)
    path = list(maml.path(phi, image_task.support))
    assert len(path) == 5
    assert path[0] is phi
    for name, value in maml.adapt(phi, image_task.support).items():
        torch.testing.assert_close(path[2][name], value)


def with_bias(x):
    return torch.cat([x, torch.ones(len(x), 1)], 1)


@pytest.fixture(autouse=True)
def double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def test_recomputed_inner_steps_give_the_same_meta_gradient(conv, image_task, start):
    plain, again = (conv(MAML, inner_lr=0.1, inner_steps=3, recompute=r) for r in (False, True))
    phi = start(plain)
    expected, _ = plain.meta_gradient(phi, image_task)
    gradient, _ = again.meta_gradient(phi, image_task)
    tasks = Task(*(Batch(*(t[None] for t in batch)) for batch in image_task))
    mapped, _ = torch.func.vmap(again.meta_gradient, in_dims=(None, 0))(phi, tasks)
    for name, value in expected.items():
        torch.testing.assert_close(gradient[name], value)
        torch.testing.assert_close(mapped[name][0], value)


def test_memory_grows_with_inner_steps_unless_they_are_recomputed(conv, image_task, start):
    """What is held for the derivative grows by a step's activations, or by its parameters."""

    def held(steps, recompute):
        maml = conv(MAML, inner_lr=0.1, inner_steps=steps, recompute=recompute)
        leaves = {name: p.requires_grad_() for name, p in start(maml).items()}
        with torch.profiler.profile(profile_memory=True) as profile:
            loss, _ = maml.meta_loss(leaves, image_task)
        assert loss.requires_grad
        return sum(event.self_cpu_memory_usage for event in profile.key_averages())

    plain, recomputed = ((held(6, r) - held(2, r)) / 4 for r in (False, True))
    phi = start(conv(MAML))
    assert recomputed < 2 * sum(p.nbytes for p in phi.values())
    assert plain > 10 * recomputed
