"""The nearest centroid in pre-trained features."""

import pytest
import torch
from bright_squares import accuracy, equal, learner, trained

from metabench.algorithms.pretrain_centroid import PretrainCentroid
from metabench.algorithms.pretrain_head import PretrainHead
from metabench.algorithms.protonet import ProtoNet
from metabench.tasks import Batch


@pytest.fixture(autouse=True)
def double():
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def test_on_features_as_they_are_it_answers_as_a_prototypical_network_does(conv, image_task, start):
    centroid, protonet = conv(PretrainCentroid, unit_length=False), conv(ProtoNet)
    phi = start(centroid)
    ours = centroid.predict(centroid.adapt(phi, image_task.support), image_task.query.x)
    theirs = protonet.predict(protonet.adapt(phi, image_task.support), image_task.query.x)
    torch.testing.assert_close(ours, theirs)


def test_with_one_shot_and_unit_length_the_nearest_is_the_one_of_the_largest_cosine(
    conv, image_task, start
):
    centroid = conv(PretrainCentroid)
    # Shifts of 1, so that ReLU leaves something of every image.
    phi = {n: p + 1 if n.endswith(".beta") else p for n, p in start(centroid).items()}
    one_shot = Batch(*(t[::2] if t.ndim else t for t in image_task.support))
    f, g = (centroid.features(phi, x) for x in (image_task.query.x, one_shot.x))
    torch.testing.assert_close(f.square().sum(-1), torch.ones(6))
    distance = centroid.predict(centroid.adapt(phi, one_shot), image_task.query.x)
    torch.testing.assert_close(distance, 2 * f @ g.T - 2)


def test_no_prediction_depends_on_another_query_nor_on_the_order_of_the_support_set(
    conv, image_task, start
):
    centroid = conv(PretrainCentroid)
    phi, order = start(centroid), torch.tensor([4, 2, 0, 5, 1, 3])
    adapted = centroid.adapt(phi, image_task.support)
    together = centroid.predict(adapted, image_task.query.x)
    alone = torch.cat([centroid.predict(adapted, x[None]) for x in image_task.query.x])
    torch.testing.assert_close(together, alone)
    x, y, key = image_task.support
    shuffled = centroid.adapt(phi, Batch(x[order], y[order], key))
    torch.testing.assert_close(shuffled.centroids, adapted.centroids)


def test_the_model_of_a_pretrained_head_serves_it():
    torch.set_default_dtype(torch.float32)
    hp = {"iterations": 60, "meta_batch": 32}
    head, centroid = (learner(cls, **hp) for cls in (PretrainHead, PretrainCentroid))
    phi = trained(head)
    assert equal(phi, trained(centroid))  # the same training, so that one model is enough
    assert accuracy(centroid, phi) > 0.6  # chance is 1/3
