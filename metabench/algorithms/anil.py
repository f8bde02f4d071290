"""ANIL, "almost no inner loop": MAML whose inner loop moves the head alone.

Raghu, Raghu, Bengio and Vinyals (2020), "Rapid learning or feature reuse? Towards understanding the
effectiveness of MAML", arXiv:1909.09157. With f_phi the body and w the head, both meta-learned,

    w_0 = w,    w_{i+1} = w_i - alpha grad_w l_support(w_i f_phi),
    phi, w <- phi, w - eta grad mean over tasks of l_query(w_k f_phi).

The body takes part in the meta-gradient: through the features of the queries, and through those of
the support set, on which every w_i depends. Since it does not move in the inner loop, the support
set passes through it once, and the cost of an iteration is that of one gradient of each example.

The inner loss, and what normalises, are MAML's: see there.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from metabench.inner_loop import Iterative, gradient_descent
from metabench.networks.network import Norm, head, is_head
from metabench.parts.inner_loss import InnerLoopHyperparameters, of_the_mean
from metabench.tasks import Batch
from metabench.trees import Params


class ANIL(Iterative):
    """phi, w <- phi, w - eta grad l_query(w_k(phi, w) f_phi)."""

    hyperparameters = InnerLoopHyperparameters

    def steps(self, params: Params, support: Batch, count: int) -> Iterator[Params]:
        """phi and w_0, w_1, ...: the head descends on the features of the support set."""
        lr, times = self.hp.inner_lr, of_the_mean(self)

        def support_loss(theta: Params, embedded: Batch) -> torch.Tensor:
            return times * self.score(head(theta, embedded.x), embedded.y)

        embedded = support._replace(x=self.network.features(params, support.x, Norm()))
        return gradient_descent(support_loss, params, embedded, lr, count, is_head)
