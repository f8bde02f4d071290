"""Prototypical networks: class means and squared distances."""

import torch

from metabench.algorithms.protonet import ProtoNet
from metabench.parts.prototypes import class_means, negative_squared_distance


def test_prototypes_are_class_means_whatever_the_order_of_the_support_set():
    x = torch.tensor([[0.0, 0.0], [4.0, 2.0], [2.0, 4.0], [8.0, 8.0]])
    means = class_means(x, torch.tensor([0, 1, 0, 1]), 2)
    assert means.tolist() == [[1.0, 2.0], [6.0, 5.0]]


def test_logits_are_negative_squared_euclidean_distances():
    g = torch.Generator().manual_seed(0)
    x, c = torch.randn(7, 5, generator=g), torch.randn(3, 5, generator=g)
    torch.testing.assert_close(negative_squared_distance(x, c), -torch.cdist(x, c).square())


def test_the_meta_gradient_is_the_finite_difference(conv, image_task, start, difference):
    protonet = conv(ProtoNet)
    phi = start(protonet)
    gradient, metrics = protonet.meta_gradient(phi, image_task)
    optimised = {n: p for n, p in phi.items() if not n.startswith("running.")}

    def loss(moved):
        return protonet.meta_gradient({**phi, **moved}, image_task)[1]["loss"]

    difference(loss, optimised, gradient, t=1e-7)
    assert metrics["loss"] > 0


def test_running_statistics_move_a_tenth_of_the_way_to_the_batch(conv, image_task, start):
    """The first layer's batch mean is the mean of its convolution over all images at hand."""
    protonet = conv(ProtoNet)
    phi = start(protonet)
    gradient, _ = protonet.meta_gradient(phi, image_task)
    x = torch.cat([image_task.support.x, image_task.query.x])
    convolved = torch.nn.functional.conv2d(
        x, phi["conv1.weight"].movedim(-1, 1), stride=2, padding=1
    )
    name = "running.norm1.mean"
    moved = phi[name] - gradient[name]
    torch.testing.assert_close(moved, 0.9 * phi[name] + 0.1 * convolved.mean((0, 2, 3)))


def test_in_meta_testing_no_prediction_depends_on_another_query(conv, image_task, start):
    protonet = conv(ProtoNet)
    adapted = protonet.adapt(start(protonet), image_task.support)
    together = protonet.predict(adapted, image_task.query.x)
    alone = torch.cat([protonet.predict(adapted, x[None]) for x in image_task.query.x])
    torch.testing.assert_close(together, alone)
