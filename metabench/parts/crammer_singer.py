"""The multi-class support vector machine of Crammer and Singer, solved and differentiated.

Crammer and Singer (2001), "On the algorithmic implementation of multiclass kernel-based vector
machines", JMLR 2. For x_i with labels Y [n, k] (rows of zeros and a one) and a vector w_k a class,

    min_w 1/2 sum_k ||w_k||^2 + C sum_i max_k (1 - Y_ik + w_k . x_i - w_{y_i} . x_i),

whose dual variables are alpha [n, k], at most C Y, with rows that sum to 0, and w = X^T alpha. In
P = Y - alpha / C the constraints say that every row of P is a distribution over the classes, and
the dual, with K = X X^T and divided by C, is

    min_P 1/2 tr (Y - P)^T C K (Y - P) + sum(P Y).

With scores S = C K (Y - P) = X w, the optimum has each row of P only where S - Y is largest:

    S - Y = nu 1^T - L,    L >= 0,    P L = 0,    gap = sum_i max_k (S - Y)_ik - sum(P (S - Y)).

**The solver** is Mehrotra's primal-dual interior point method: Newton's method on these conditions
with P L = mu in place of 0, while mu falls to a floor. A strictly feasible start is known, so every
iterate is feasible and the gap certifies it. One step inverts k matrices of n x n and one more, for
the rows' sums, where the released code of MetaOptNet hands a general solver one of kn x kn. The
number of steps is fixed: with mu at its floor more of them stay where they are.

**The derivative** is implicit, through the conditions at the floor: dP solves the system of a
Newton step whose right-hand side is the change of the conditions. So the last step is taken from
constants with K attached to the graph: it moves nothing, and its derivative is the solution's.
Unrolled steps would cost memory for each of them, and differentiate the path rather than its end;
and at mu > 0 the solution is smooth and unique, even where K is singular or a multiplier vanishes.
It is a first derivative alone: differentiated again it is wrong.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

STEPS = 20
FLOOR = 1e-9  # mu of the solution: a gap of k mu for each example
TO_BOUNDARY = 0.99  # the share of the way to the boundary that a step may go


class Point(NamedTuple):
    """P and L [n, k], both positive, and nu [n]."""

    P: torch.Tensor
    L: torch.Tensor
    nu: torch.Tensor


def solve(Q: torch.Tensor, Y: torch.Tensor, steps: int = STEPS) -> torch.Tensor:
    """P [n, k] for Q = C K [n, n] and Y [n, k], in float64; differentiable in Q."""
    Q, Y = Q.double(), Y.double()
    fixed = Q.detach()
    point = start(fixed, Y)
    for _ in range(steps):
        point = step(fixed, Y, point)
    solved = Point(*(value.detach() for value in point))
    return solved.P + newton(Q, Y, solved, solved.P * solved.L, inverses(fixed, solved)).P


def step(Q: torch.Tensor, Y: torch.Tensor, at: Point) -> Point:
    """One step of Mehrotra's predictor and corrector.

    A step towards mu = 0 tells how far mu may fall, and the products dP dL that a linear step
    neglects.
    """
    inverse = inverses(Q, at)
    mu = (at.P * at.L).mean()
    ahead = newton(Q, Y, at, torch.zeros_like(mu), inverse)
    there = moved(at, ahead)
    target = (mu * ((there.P * there.L).mean() / mu) ** 3).clamp(min=FLOOR)
    return moved(at, newton(Q, Y, at, target - ahead.P * ahead.L, inverse))


def start(Q: torch.Tensor, Y: torch.Tensor) -> Point:
    """All classes alike, and multipliers of at least 1 that fulfil S - Y = nu 1^T - L."""
    P = torch.ones_like(Y) / Y.shape[1]
    slope = Q @ (Y - P) - Y
    nu = slope.amax(1) + 1
    return Point(P, nu[:, None] - slope, nu)


def inverses(Q: torch.Tensor, at: Point) -> torch.Tensor:
    """(Q + diag(L_k / P_k))^-1 of every class: [k, n, n]."""
    inverse: torch.Tensor = torch.linalg.inv_ex(Q + torch.diag_embed((at.L / at.P).T))[0]
    return inverse


def newton(
    Q: torch.Tensor, Y: torch.Tensor, at: Point, target: torch.Tensor, inverse: torch.Tensor
) -> Point:
    """Newton's step towards S - Y = nu 1^T - L, P 1 = 1 and P L = target."""
    P, L, nu = at
    # The k classes are apart but for the rows' sums: (Q + diag(L_k / P_k)) dP_k + dnu = b_k.
    b = target / P + Q @ (Y - P) - Y - nu[:, None]
    free = (inverse @ b.T[:, :, None])[:, :, 0]  # dP_k were dnu 0: [k, n]
    excess = free.sum(0) + P.sum(1) - 1
    dnu = torch.linalg.solve_ex(inverse.sum(0), excess)[0]
    dP = (free - inverse @ dnu).T
    return Point(dP, (target - L * dP) / P - L, dnu)


def moved(at: Point, by: Point) -> Point:
    """As far along a step, up to all of it, as leaves P and L positive."""
    t = torch.minimum(reach(at.P, by.P), reach(at.L, by.L))
    return Point(*(value + t * change for value, change in zip(at, by, strict=True)))


def reach(value: torch.Tensor, change: torch.Tensor) -> torch.Tensor:
    """The longest step, up to 1, that leaves ``value`` positive: shape []."""
    falls = change < 0
    ratio = torch.where(falls, -value / torch.where(falls, change, -1.0), torch.inf)
    return (TO_BOUNDARY * ratio.amin()).clamp(max=1.0)


def duality_gap(Q: torch.Tensor, Y: torch.Tensor, P: torch.Tensor) -> torch.Tensor:
    """What the primal objective is above the dual, for each example and in units of C: shape [].

    It is never negative, and 0 at the optimum alone.
    """
    slope = Q @ (Y - P) - Y
    return (slope.amax(1) - (P * slope).sum(1)).mean()
