"""The multi-class support vector machine: its optimum, and the derivative of it."""

import pytest
import torch
from sklearn.svm import LinearSVC

from metabench.parts.crammer_singer import duality_gap, solve

CASES = {  # examples, classes, features, C: more features than examples, and fewer
    "one shot": (5, 5, 30, 0.1),
    "five shots": (15, 3, 8, 1.0),
    "not separable": (40, 4, 3, 0.5),
    "two classes": (12, 2, 4, 2.0),
}
problems = pytest.mark.parametrize("case", CASES)


@pytest.fixture(autouse=True)
def double():
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def problem(case):
    """X, around a place for each class, Y, C, and the kernel C X X^T."""
    n, k, d, C = CASES[case]
    g = torch.Generator().manual_seed(n)
    Y = torch.eye(k)[torch.arange(n) % k]
    X = Y @ torch.randn(k, d, generator=g) + torch.randn(n, d, generator=g)
    return X, Y, C, C * X @ X.T


@problems
def test_the_solution_satisfies_the_conditions_of_karush_kuhn_and_tucker(case):
    X, Y, C, Q = problem(case)
    alpha = C * (Y - solve(Q, Y))
    assert (alpha <= C * Y).all()  # at most C for the example's own class, 0 for others
    torch.testing.assert_close(alpha.sum(1), torch.zeros(len(X)))
    scores = X @ (X.T @ alpha)
    slack = (1 - Y + scores - (Y * scores).sum(1, keepdim=True)).amax(1)  # xi >= 0: k = y gives 0
    margin = (Y * scores).sum(1, keepdim=True) - scores - (1 - Y) + slack[:, None]
    assert (margin >= -1e-12).all()
    torch.testing.assert_close((C * Y - alpha) * margin, torch.zeros_like(Y), rtol=0, atol=1e-7)


@problems
def test_the_gap_is_the_primal_objective_above_the_dual_and_closes(case):
    X, Y, C, Q = problem(case)
    for P in (solve(Q, Y), torch.softmax(torch.randn(Y.shape), 1)):
        alpha = C * (Y - P)
        w = X.T @ alpha
        scores = X @ w
        hinge = (1 - Y + scores).amax(1) - (Y * scores).sum(1)
        primal = 0.5 * w.square().sum() + C * hinge.sum()
        dual = (alpha * Y).sum() - 0.5 * w.square().sum()
        gap = duality_gap(Q, Y, P)
        torch.testing.assert_close(gap, (primal - dual) / (C * len(X)), rtol=1e-6, atol=1e-12)
        assert gap >= 0
    assert duality_gap(Q, Y, solve(Q, Y)) < 1e-8


@pytest.mark.parametrize("case", ["one shot", "five shots", "not separable"])
def test_it_agrees_with_scikit_learn(case):
    X, Y, C, Q = problem(case)
    theirs = LinearSVC(
        C=C, multi_class="crammer_singer", fit_intercept=False, tol=1e-9, max_iter=100_000
    ).fit(X.numpy(), Y.argmax(1).numpy())
    w = X.T @ (C * (Y - solve(Q, Y)))
    torch.testing.assert_close(w.T, torch.from_numpy(theirs.coef_), rtol=1e-4, atol=1e-6)


@problems
def test_its_derivative_is_the_finite_difference(case):
    """No condition is used: X is moved and the machine is trained again. Scores are unique."""
    X, Y, C, _ = problem(case)
    weight, probe = torch.randn(Y.shape[1], 6), torch.randn(6, X.shape[1])

    def f(X):
        return (weight @ (probe @ X.T @ (C * (Y - solve(C * X @ X.T, Y))))).trace()

    gradient = torch.func.grad(f)(X)
    for _ in range(3):
        v, t = torch.randn(X.shape), 1e-6
        slope = (f(X + t * v) - f(X - t * v)) / (2 * t)
        torch.testing.assert_close((gradient * v).sum(), slope, rtol=1e-4, atol=1e-6)


def test_more_steps_stay_at_the_solution():
    _, Y, _, Q = problem("five shots")
    torch.testing.assert_close(solve(Q, Y, 100), solve(Q, Y, 20), rtol=0, atol=1e-7)


@pytest.mark.parametrize("length", [0.01, 1, 30])
def test_the_steps_of_metaoptnet_suffice_for_features_of_any_usual_length(length):
    X, Y, C, _ = problem("not separable")
    Q = C * (length * X) @ (length * X).T
    assert duality_gap(Q, Y, solve(Q, Y, 15)) < 1e-3


def test_mapped_over_problems_it_solves_each():
    _, Y, _, Q = problem("five shots")
    several = torch.stack([Q, 2 * Q, 0.1 * Q])
    mapped = torch.func.vmap(lambda Q: solve(Q, Y))(several)
    for one, P in zip(several, mapped, strict=True):
        torch.testing.assert_close(P, solve(one, Y))
