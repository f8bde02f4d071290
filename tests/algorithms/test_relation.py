"""Relation networks: a learned comparison of feature maps."""

import pytest
import torch
from bright_squares import accuracy, learner, trained

from metabench import random
from metabench.algorithms.relation import Relation, relations
from metabench.errors import MetabenchError
from metabench.learning.meta_testing import stated_modes
from metabench.networks import build
from metabench.networks.conv4map import convolve, rectified
from metabench.networks.network import Norm
from metabench.tasks import Batch, Task

SIDE = 22  # the smallest image that leaves the relation module something: 22, 10, 4, 2, 1


@pytest.fixture(autouse=True)
def double():
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def relation():
    return learner(Relation, "conv4map-4", SIDE)


@pytest.fixture
def task():
    g = torch.Generator().manual_seed(4)

    def batch(labels):
        x = torch.rand(len(labels), 1, SIDE, SIDE, generator=g)
        return Batch(x, torch.tensor(labels), random.key(6, "task"))

    return Task(batch([0, 0, 1, 1, 2, 2]), batch([2, 0, 1, 1]))


@pytest.mark.parametrize(("side", "of_map"), [(28, 5), (84, 19)])
def test_the_embedding_keeps_the_published_map(side, of_map):
    network = build("conv4map-64", (1, side, side), 0)
    assert network.map_shape == (64, of_map, of_map)
    params = network.init(torch.Generator().manual_seed(0))
    x = torch.rand(2, 1, side, side)
    features = network.features({n: p.double() for n, p in params.items()}, x, Norm())
    assert features.shape == (2, network.feature_size)


@pytest.mark.parametrize(("side", "padding", "inputs"), [(28, 1, 64), (84, 0, 576)])
def test_the_relation_module_has_the_published_width(side, padding, inputs):
    """64 features before the layer of 8 on Omniglot, 64 x 3 x 3 on miniImageNet."""
    algorithm = learner(Relation, "conv4map-64", side, relation_padding=padding)
    phi = algorithm.init(torch.Generator().manual_seed(0))
    assert phi["layer1.weight"].shape == (inputs, 8)
    assert phi["relation1.kernel"].shape == (64, 128, 3, 3)


def test_weights_begin_as_in_the_released_code():
    """Their variance is 2 / (9 x filters), whatever the inputs: 1, 64 or 128."""
    phi = learner(Relation, "conv4map-64", 28).init(torch.Generator().manual_seed(0))
    for name in ("map1.kernel", "map2.kernel", "relation1.kernel"):
        assert phi[name].var().item() == pytest.approx(2 / (9 * 64), rel=0.15)


def test_the_maximum_may_be_taken_before_normalisation(start, relation):
    x = torch.randn(3, 4, 6, 6)
    beta = torch.randn(4)
    normalised = torch.nn.functional.batch_norm(x, None, None, None, beta, True)
    expected = torch.nn.functional.max_pool2d(normalised.relu(), 2)
    ours = rectified(x, {"map.beta": beta}, "map", Norm(), pooled=True)
    torch.testing.assert_close(ours, expected)


def test_a_pair_is_the_two_maps_side_by_side(relation, start):
    """Every pair spelt out, as the released code has them, gives the same scores."""
    phi = start(relation)
    classes, queries = torch.rand(3, 4, 4, 4), torch.rand(5, 4, 4, 4)
    pairs = torch.stack([torch.cat([c, q]) for q in queries for c in classes])
    x = convolve(pairs, phi["relation1.kernel"], 1)
    x = rectified(x, phi, "relation1", Norm(), pooled=True)
    x = convolve(x, phi["relation2.kernel"], 1)
    x = rectified(x, phi, "relation2", Norm(), pooled=True).flatten(1)
    x = (x @ phi["layer1.weight"] + phi["layer1.bias"]).relu()
    scores = (x @ phi["layer2.weight"] + phi["layer2.bias"]).sigmoid().reshape(5, 3)
    torch.testing.assert_close(relations(relation, phi, classes, queries), scores)


def test_the_maps_of_a_class_are_summed_whatever_their_order(relation, task, start):
    phi, order = start(relation), torch.tensor([4, 2, 0, 5, 1, 3])
    x, y, key = task.support
    f = relation.maps(phi, x)
    adapted = relation.adapt(phi, task.support)
    torch.testing.assert_close(adapted.maps[1], f[2] + f[3])
    shuffled = relation.adapt(phi, Batch(x[order], y[order], key))
    torch.testing.assert_close(
        relation.predict(shuffled, task.query.x), relation.predict(adapted, task.query.x)
    )


def test_other_names_for_the_classes_give_the_same_scores_under_those_names(relation, task, start):
    phi, names = start(relation), torch.tensor([2, 0, 1])
    scores = relation.predict(relation.adapt(phi, task.support), task.query.x)
    renamed = relation.adapt(phi, task.support._replace(y=names[task.support.y]))
    torch.testing.assert_close(relation.predict(renamed, task.query.x)[:, names], scores)


def test_the_loss_is_the_squared_error_of_scores_between_0_and_1(relation, task, start):
    phi = start(relation)
    r = relation.predict(relation.adapt(phi, task.support), task.query.x)
    assert ((r > 0) & (r < 1)).all()
    expected = torch.nn.functional.mse_loss(r, torch.eye(3)[task.query.y])
    torch.testing.assert_close(relation.meta_loss(phi, task)[0], expected)


def test_the_meta_gradient_is_the_finite_difference(relation, task, start, difference):
    phi = start(relation)
    gradient, _ = relation.meta_gradient(phi, task)
    difference(lambda phi: relation.meta_loss(phi, task)[0], phi, gradient, t=1e-7)


def test_it_is_tested_as_published_and_with_no_query_seeing_another(relation, task, start):
    """With batch statistics a score depends on the other queries, so there are both columns."""
    phi = start(relation)
    assert stated_modes(relation, phi) == ["transductive", "inductive"]
    adapted = relation.adapt(phi, task.support)
    together = relation.predict(adapted, task.query.x)
    fewer = relation.predict(adapted, task.query.x[:3])
    assert (together[:3] - fewer).abs().max() > 1e-6


def test_a_backbone_without_a_map_is_refused_with_the_name_of_one_that_has_it():
    with pytest.raises(MetabenchError, match="backbone: conv4map-64"):
        Relation.check_network(build("conv4-64", (1, 28, 28), 0))


def test_it_learns_a_separable_task():
    torch.set_default_dtype(torch.float32)
    relation = learner(Relation, "conv4map-4", SIDE, iterations=80)
    assert accuracy(relation, trained(relation)) > 0.6  # chance is 1/3
