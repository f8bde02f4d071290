"""R2-D2: ridge regression in either form, and its derivative."""

import pytest
import torch
from bright_squares import accuracy, learner, trained

from metabench.algorithms.r2d2 import R2D2, fit, ridge
from metabench.tasks import Batch


@pytest.fixture(autouse=True)
def double():
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize(("n", "d"), [(4, 9), (6, 6), (9, 4)])
def test_a_ridge_head_solves_the_normal_equations(n, d):
    """X^T (X W - Y) + lambda W = 0, with fewer examples than features and with more."""
    X, Y, lam = torch.randn(n, d), torch.randn(n, 3), torch.tensor(0.7)
    W = ridge(X, Y, lam)
    torch.testing.assert_close(X.T @ (X @ W - Y) + lam * W, torch.zeros(d, 3))
    normal = torch.linalg.solve(X.T @ X + lam * torch.eye(d), X.T @ Y)
    woodbury = X.T @ torch.linalg.solve(X @ X.T + lam * torch.eye(n), Y)
    torch.testing.assert_close(W, normal)
    torch.testing.assert_close(W, woodbury)


def test_lambda_means_the_same_whatever_the_number_of_examples():
    """Each example twice is the same mean of squared errors."""
    params = {"log_lambda": torch.tensor(0.3)}
    X, Y = torch.randn(4, 7), torch.randn(4, 3)
    twice = fit(params, torch.cat([X, X]), torch.cat([Y, Y]))
    torch.testing.assert_close(twice, fit(params, X, Y))


def test_the_order_of_the_support_set_does_not_matter(conv, image_task, start):
    r2d2 = conv(R2D2)
    phi, order = start(r2d2), torch.tensor([4, 2, 0, 5, 1, 3])
    x, y, key = image_task.support
    W = r2d2.adapt(phi, image_task.support).W
    torch.testing.assert_close(r2d2.adapt(phi, Batch(x[order], y[order], key)).W, W)


def test_no_prediction_depends_on_another_query(conv, image_task, start):
    r2d2 = conv(R2D2)
    adapted = r2d2.adapt(start(r2d2), image_task.support)
    together = r2d2.predict(adapted, image_task.query.x)
    alone = torch.cat([r2d2.predict(adapted, x[None]) for x in image_task.query.x])
    torch.testing.assert_close(together, alone)


def test_the_meta_gradient_is_the_finite_difference_lambda_and_alpha_included(
    conv, image_task, start, difference
):
    r2d2 = conv(R2D2, initial_lambda=0.1, initial_alpha=3.0)
    phi = start(r2d2)
    gradient, _ = r2d2.meta_gradient(phi, image_task)
    optimised = {n: p for n, p in phi.items() if not n.startswith("running.")}
    assert {"log_lambda", "alpha", "beta"} <= optimised.keys()
    assert gradient["log_lambda"].abs() > 1e-6

    def loss(moved):
        return r2d2.meta_gradient({**phi, **moved}, image_task)[1]["loss"]

    difference(loss, optimised, gradient, t=1e-7)


def test_it_learns_a_separable_task():
    torch.set_default_dtype(torch.float32)
    r2d2 = learner(R2D2, initial_lambda=1.0)
    assert accuracy(r2d2, trained(r2d2)) > 0.6  # chance is 1/3
