"""Relation networks.

Sung, Yang, Zhang, Xiang, Torr and Hospedales (2018), "Learning to compare: relation network for
few-shot learning", arXiv:1711.06025. With f the embedding's feature map and g a small network,

    r_n(x) = g([sum of f(x_i) over the support examples of class n, f(x)])    in (0, 1),
    L = mean over queries x and classes n of (r_n(x) - 1[y = n])^2.

g is two blocks of 3x3 convolution, batch normalisation, ReLU and 2x2 pooling, a layer of 8 with
ReLU, and one output with a sigmoid. It needs a backbone that keeps its map: ``conv4map-64``.

Batch statistics normalise throughout, as in the released code, which never uses running ones: the
support set by itself, the queries by themselves, and all pairs of a query and a class together. So
the published numbers are transductive; the inductive rows have each query in a batch with the
support set. That code also clips the norms of f's gradient and of g's at 0.5 each, and gives
normalisation a scale; here neither is done. It pads g's convolutions on Omniglot and not on
miniImageNet: `relation_padding`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch

from metabench.algorithm import Metrics
from metabench.episodic import Episodic, EpisodicHyperparameters
from metabench.errors import MetabenchError
from metabench.hyperparameters import setting
from metabench.layers import one_hot
from metabench.networks.conv4map import MapNetwork, convolve, he, rectified
from metabench.networks.network import Network, Norm
from metabench.tasks import Batch, Problem, Task
from metabench.trees import Params

BLOCKS = 2


@dataclass(frozen=True)
class RelationHyperparameters(EpisodicHyperparameters):
    """Of relation networks."""

    relation_width: int = setting(8, "units of the layer before the relation score", least=1)
    relation_padding: int = setting(1, "of the relation module's convolutions", least=0, most=1)


class Adapted(NamedTuple):
    """phi, and the summed maps of the classes [way, channels, height, width]."""

    params: Params
    maps: torch.Tensor


class Relation(Episodic):
    """A learned comparison of feature maps."""

    hyperparameters = RelationHyperparameters
    network: MapNetwork

    def __init__(self, network: MapNetwork, problem: Problem, hp: RelationHyperparameters) -> None:
        super().__init__(network, problem, hp)
        self.sides = list(network.map_shape[1:])
        for _ in range(BLOCKS):
            self.sides = [(side - 2 + 2 * hp.relation_padding) // 2 for side in self.sides]
        if min(self.sides) < 1:
            raise MetabenchError(
                f"relation networks: maps of {network.map_shape[1:]} are too small to be pooled "
                "twice; write `relation_padding: 1`, or take larger images"
            )

    @classmethod
    def check_network(cls, network: Network) -> None:
        """The backbone must keep its feature map."""
        if not isinstance(network, MapNetwork):
            raise MetabenchError(
                "relation networks compare feature maps, which this backbone does not keep; "
                "write `backbone: conv4map-64` in the study's entry"
            )

    def init(self, generator: torch.Generator) -> Params:
        """phi: the embedding, and the relation module."""
        channels, width = self.network.map_shape[0], self.hp.relation_width
        inputs = {1: 2 * channels, 2: channels}
        sizes = {1: (channels * self.sides[0] * self.sides[1], width), 2: (width, 1)}
        phi = super().init(generator)
        for i in range(1, BLOCKS + 1):
            phi[f"relation{i}.kernel"] = he(generator, channels, inputs[i])
            phi[f"relation{i}.beta"] = torch.zeros(channels)
            # As in the released code: small weights, and every bias 1.
            phi[f"layer{i}.weight"] = 0.01 * torch.randn(sizes[i], generator=generator)
            phi[f"layer{i}.bias"] = torch.ones(sizes[i][1])
        return phi

    def adapt(self, params: Params, support: Batch) -> Adapted:
        """The sum of the maps of each class of the support set."""
        return self.summed(params, support, self.problem.way)

    def predict(self, adapted: Adapted, x: torch.Tensor) -> torch.Tensor:
        """r_n(x): [n, way]."""
        return relations(self, adapted.params, adapted.maps, self.maps(adapted.params, x))

    def meta_loss(self, params: Params, task: Task) -> tuple[torch.Tensor, Metrics]:
        """The squared error of the relation scores of a training episode."""
        adapted = self.summed(params, task.support, self.train_way)
        return self.scored(self.predict(adapted, task.query.x), task.query.y)

    def score(self, outputs: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """The mean over queries and classes of (r_n - 1[y = n])^2."""
        return (outputs - one_hot(y, outputs.shape[-1], outputs)).square().mean()

    def maps(self, params: Params, x: torch.Tensor) -> torch.Tensor:
        """f(x): [n, channels, height, width], normalised in one batch."""
        return self.network.features(params, x, Norm()).reshape(-1, *self.network.map_shape)

    def summed(self, params: Params, support: Batch, way: int) -> Adapted:
        """The sum of f over the examples of each of ``way`` classes."""
        f = self.maps(params, support.x)
        member = one_hot(support.y, way, f)
        return Adapted(params, (member.T @ f.flatten(1)).reshape(way, *f.shape[1:]))


def relations(
    algorithm: Relation, params: Params, classes: torch.Tensor, queries: torch.Tensor
) -> torch.Tensor:
    """g of every pair of a query and a class, from maps [way, ...] and [n, ...]: [n, way]."""
    padding = algorithm.hp.relation_padding
    # A convolution is linear: that of a pair is the sum of those of its halves, each done once.
    of_class, of_query = params["relation1.kernel"].chunk(2, 1)
    pairs = convolve(queries, of_query, padding)[:, None] + convolve(classes, of_class, padding)
    x = rectified(pairs.flatten(0, 1), params, "relation1", Norm(), pooled=True)
    x = convolve(x, params["relation2.kernel"], padding)
    x = rectified(x, params, "relation2", Norm(), pooled=True).flatten(1)
    x = torch.relu(x @ params["layer1.weight"] + params["layer1.bias"])
    scores = (x @ params["layer2.weight"] + params["layer2.bias"]).sigmoid()
    return scores.reshape(len(queries), len(classes))
