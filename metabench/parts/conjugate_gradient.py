"""The conjugate gradient method: A x = b by products with A alone.

Hestenes and Stiefel (1952). A is symmetric; where it is positive definite, n steps on n unknowns
are exact, and the error falls in the A-norm at each step.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from metabench.trees import Params, axpy, dot, scale, where, zeros_like


def conjugate_gradient(
    product: Callable[[Params], Params],
    b: Params,
    steps: int,
    tolerance: float = 1e-10,
    share: float = 1.0,
) -> Params:
    """x with A x = b, from x_0 = 0.

        r_0 = p_0 = b,    alpha = <r, r> / <p, A p>,
        x <- x + alpha p,    r' = r - alpha A p,    p <- r' + (<r', r'> / <r, r>) p

    It stops where ||r|| <= tolerance ||b||, and where <p, A p> <= 0: A is then not positive
    definite (a network's Hessian need not be), and no further step is a descent. If that is so of
    the very first direction, x = b / share: what the solution tends to as A tends to ``share``
    times the identity. Every branch is a selection, so the function can be mapped over tasks.

    Args:
        product: p -> A p.
        b: the right-hand side.
        steps: the number of products at most.
        tolerance: relative to ||b||.
        share: how many times A holds the identity.
    """
    x, r, p = zeros_like(b), b, b
    rr = dot(r, r)
    small = tolerance**2 * rr
    going = torch.ones_like(rr, dtype=torch.bool)
    for step in range(steps):
        Ap = product(p)
        curvature = dot(p, Ap)
        going = going & (rr > small) & (curvature > 0)
        alpha = torch.where(going, rr / curvature, 0.0)
        x = axpy(alpha, p, x)
        r = axpy(-alpha, Ap, r)
        rr_next = dot(r, r)
        beta = torch.where(going, rr_next / rr, 0.0)
        p = axpy(1.0, r, scale(beta, p))
        rr = rr_next
        if step == 0:
            x = where(going | (rr <= small), x, scale(1 / share, b))
    return x
