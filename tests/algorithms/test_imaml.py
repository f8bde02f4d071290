"""Implicit MAML: the implicit gradient, its limits, and the variant of the released code."""

import sys

import pytest
import torch

from metabench.algorithm import gradient_and_metrics
from metabench.algorithms.imaml import IMAML, gradient_and_hessian
from metabench.algorithms.imaml_released import IMAMLReleased
from metabench.inner_loop import gradient
from metabench.trees import scale


@pytest.fixture(autouse=True)
def double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def quadratic(task, phi):
    """H and b of the support loss, the gradient of the query loss, and phi, with the bias last."""
    X = torch.cat([task.support.x, torch.ones(len(task.support.x), 1)], 1)
    Q = torch.cat([task.query.x, torch.ones(len(task.query.x), 1)], 1)
    H, b = 2 / len(X) * X.T @ X, 2 / len(X) * X.T @ task.support.y
    w = torch.cat([phi["head.weight"], phi["head.bias"][None]])
    return H, b, lambda theta: 2 / len(Q) * Q.T @ (Q @ theta - task.query.y), w


def vector(params):
    return torch.cat([params["head.weight"], params["head.bias"][None]])


def test_on_a_quadratic_inner_problem_and_meta_gradient_have_closed_forms(
    linear, regression_task, start
):
    """theta = (H + lambda I)^-1 (b + lambda phi), g = (I + H / lambda)^-1 grad l_query(theta)."""
    lam = 0.7
    imaml = linear(IMAML, lam=lam, inner_lr=0.1, inner_steps=400, cg_steps=5, cg_tolerance=1e-12)
    phi = start(imaml)
    H, b, query, w = quadratic(regression_task, phi)
    eye = torch.eye(5)
    theta = torch.linalg.solve(H + lam * eye, b + lam * w)
    torch.testing.assert_close(vector(imaml.adapt(phi, regression_task.support)), theta)
    meta, metrics = imaml.meta_gradient(phi, regression_task)
    torch.testing.assert_close(vector(meta), torch.linalg.solve(eye + H / lam, query(theta)))
    assert metrics["inner_gradient_norm"] < 1e-8


def test_the_implicit_gradient_is_the_derivative_of_the_solved_inner_problem(
    linear, regression_task, start, difference
):
    """No equation of the paper is used: phi is moved, the inner problem is solved again."""
    imaml = linear(IMAML, lam=0.7, inner_lr=0.1, inner_steps=400, cg_steps=5, cg_tolerance=1e-12)
    phi = start(imaml)
    meta, _ = imaml.meta_gradient(phi, regression_task)
    difference(lambda phi: imaml.meta_loss(phi, regression_task)[0], phi, meta)


def test_as_lambda_grows_it_tends_to_the_query_gradient_at_phi(conv, image_task, start, flat):
    imaml = conv(IMAML, lam=1e7, inner_lr=1e-8, inner_steps=3)
    phi = start(imaml)
    at_phi, _ = gradient_and_metrics(imaml, phi, image_task.query)
    meta, _ = imaml.meta_gradient(phi, image_task)
    torch.testing.assert_close(flat(meta), flat(at_phi), rtol=1e-4, atol=1e-7)


def test_hessian_vector_products_are_differences_of_gradients(conv, image_task, start, flat):
    """H v = (grad l(theta + t v) - grad l(theta - t v)) / 2t, and H is symmetric."""
    imaml = conv(IMAML)
    theta = start(imaml)
    g = torch.Generator().manual_seed(2)
    u, v = ({n: torch.randn(p.shape, generator=g) for n, p in theta.items()} for _ in range(2))
    t = 1e-6
    ahead, behind = (
        gradient(imaml.loss, {n: p + s * v[n] for n, p in theta.items()}, image_task.support)
        for s in (t, -t)
    )
    at_theta, H = gradient_and_hessian(imaml, theta, image_task.support)
    Hu, Hv = H(u), H(v)
    torch.testing.assert_close(at_theta, gradient(imaml.loss, theta, image_task.support))
    torch.testing.assert_close(
        flat(Hv), (flat(ahead) - flat(behind)) / (2 * t), rtol=1e-4, atol=1e-5
    )
    torch.testing.assert_close(flat(u) @ flat(Hv), flat(v) @ flat(Hu))


def test_in_single_precision_the_hessian_is_as_symmetric_as_conjugate_gradient_needs(
    conv, image_task, start, flat
):
    imaml = conv(IMAML)
    single = {name: value.float() for name, value in start(imaml).items()}
    support = image_task.support._replace(x=image_task.support.x.float())
    g = torch.Generator().manual_seed(2)
    u, v = (
        {n: torch.randn(p.shape, generator=g, dtype=p.dtype) for n, p in single.items()}
        for _ in range(2)
    )
    _, H = gradient_and_hessian(imaml, single, support)
    Hu, Hv = flat(H(u)), flat(H(v))
    assert Hv.dtype == torch.float32
    scale_of_both = flat(u).norm() * Hv.norm()
    assert abs(flat(u) @ Hv - flat(v) @ Hu) < 1e-5 * scale_of_both


def test_the_pull_is_in_every_inner_step(linear, regression_task, start):
    """Two steps by hand: theta <- theta - alpha (H theta - b + lambda (theta - phi))."""
    imaml = linear(IMAML, lam=2.0, inner_lr=0.05, inner_steps=2)
    phi = start(imaml)
    H, b, _, w = quadratic(regression_task, phi)
    theta = w - 0.05 * (H @ w - b)
    theta = theta - 0.05 * (H @ theta - b + 2.0 * (theta - w))
    torch.testing.assert_close(vector(imaml.adapt(phi, regression_task.support)), theta)


def test_the_released_code_is_another_algorithm_and_is_done_as_it_does_it(
    linear, regression_task, start
):
    """Plain descent, one step back of the share alpha lambda, and 2 (I + H / 24) g = grad."""
    released = linear(IMAMLReleased, inner_lr=0.1, lam=2.0, inner_steps=3, cg_tolerance=1e-12)
    phi = start(released)
    H, b, query, w = quadratic(regression_task, phi)
    theta = w
    for _ in range(3):
        theta = theta - 0.1 * (H @ theta - b)
    theta = 0.8 * theta + 0.2 * w
    torch.testing.assert_close(vector(released.adapt(phi, regression_task.support)), theta)
    meta, _ = released.meta_gradient(phi, regression_task)
    expected = torch.linalg.solve(2 * (torch.eye(5) + H / 24), query(theta))
    torch.testing.assert_close(vector(meta), expected)


def test_the_released_command_tests_without_any_pull(linear, regression_task, start):
    """theta <- theta - alpha (H theta - b), test_inner_steps times, and no step back."""
    released = linear(IMAMLReleased, inner_lr=0.1, lam=2.0, inner_steps=3, test_inner_steps=4)
    phi = start(released)
    H, b, _, theta = quadratic(regression_task, phi)
    for state in released.path(phi, regression_task.support):
        torch.testing.assert_close(vector(state), theta)
        theta = theta - 0.1 * (H @ theta - b)
    assert len(list(released.path(phi, regression_task.support))) == 5


@pytest.mark.parametrize(("cls", "share"), [(IMAML, 1.0), (IMAMLReleased, 2.0)])
def test_where_curvature_is_negative_the_meta_gradient_is_that_without_a_hessian(
    linear, regression_task, start, flat, monkeypatch, cls, share
):
    """Of the system (share I + H / lambda) g = grad l_query(theta) the identity is left."""

    def negative(algorithm, theta, support):
        return theta, lambda v: scale(-1000.0, v)

    monkeypatch.setattr(sys.modules[cls.__module__], "gradient_and_hessian", negative)
    algorithm = linear(cls, inner_lr=0.1, inner_steps=3)
    phi = start(algorithm)
    meta, _ = algorithm.meta_gradient(phi, regression_task)
    theta = algorithm.adapt(phi, regression_task.support)
    at_theta, _ = gradient_and_metrics(algorithm, theta, regression_task.query)
    torch.testing.assert_close(flat(meta), flat(at_theta) / share)
