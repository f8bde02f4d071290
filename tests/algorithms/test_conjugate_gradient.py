"""The conjugate gradient method does what its theory promises."""

import itertools

import pytest
import torch

from metabench.parts.conjugate_gradient import conjugate_gradient


def system(size, lowest=0.1, seed=0):
    """A symmetric A with eigenvalues from ``lowest`` to 10, and a right-hand side."""
    g = torch.Generator().manual_seed(seed)
    basis, _ = torch.linalg.qr(torch.randn(size, size, generator=g, dtype=torch.float64))
    values = torch.linspace(lowest, 10, size, dtype=torch.float64)
    return basis @ torch.diag(values) @ basis.T, torch.randn(size, generator=g, dtype=torch.float64)


def solve(A, b, steps, directions=None):
    def product(p):
        if directions is not None:
            directions.append(p["x"])
        return {"x": A @ p["x"]}

    return conjugate_gradient(product, {"x": b}, steps)["x"]


@pytest.mark.parametrize("size", [1, 5, 20])
def test_n_steps_on_n_unknowns_are_a_dense_solve(size):
    A, b = system(size)
    torch.testing.assert_close(solve(A, b, size), torch.linalg.solve(A, b), rtol=1e-8, atol=1e-8)


def test_the_error_falls_in_the_a_norm_at_each_step():
    A, b = system(12)
    exact = torch.linalg.solve(A, b)
    errors = [float((e := solve(A, b, k) - exact) @ A @ e) for k in range(13)]
    assert all(later < earlier for earlier, later in itertools.pairwise(errors))


def test_its_directions_are_a_conjugate():
    A, b = system(10)
    directions = []
    solve(A, b, 8, directions)
    P = torch.stack(directions)
    P = P / torch.sqrt((P @ A * P).sum(1))[:, None]
    torch.testing.assert_close(P @ A @ P.T, torch.eye(8, dtype=torch.float64), rtol=0, atol=1e-8)


def test_it_stops_at_the_solution_and_stays_there():
    A, b = system(4)
    torch.testing.assert_close(solve(A, b, 50), torch.linalg.solve(A, b))
    assert solve(A, b, 50).isfinite().all()


def test_a_direction_of_negative_curvature_is_not_followed():
    A = torch.diag(torch.tensor([2.0, -1.0]))
    assert torch.equal(solve(A, torch.tensor([0.0, 1.0]), 5), torch.tensor([0.0, 1.0]))  # b itself
    assert solve(A, torch.tensor([1.0, 0.1]), 5).isfinite().all()


def test_where_no_direction_is_a_descent_it_gives_what_the_identity_alone_would():
    """A = s I + H with <b, A b> < 0: the solution were H not there, b / s."""
    b, s, H = torch.tensor([4.0, -2.0]), 2.0, torch.diag(torch.tensor([-5.0, -3.0]))
    found = conjugate_gradient(
        lambda p: {"x": s * p["x"] + H @ p["x"]}, {"x": b}, steps=5, share=s
    )["x"]  # fmt: skip
    assert torch.equal(found, b / s)
    assert torch.equal(found, torch.linalg.solve(s * torch.eye(2), b))


def test_a_right_hand_side_of_zero_has_the_solution_zero():
    A, b = system(3)
    assert torch.equal(solve(A, 0 * b, 3), 0 * b)


def test_mapped_over_systems_it_solves_each():
    A, b = (
        torch.stack(parts) for parts in zip(*(system(5, seed=s) for s in range(3)), strict=True)
    )
    mapped = torch.func.vmap(
        lambda A, b: conjugate_gradient(lambda p: {"x": A @ p["x"]}, {"x": b}, 5)["x"]
    )(A, b)
    torch.testing.assert_close(mapped, torch.linalg.solve(A, b[..., None])[..., 0])
