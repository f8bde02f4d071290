"""MetaOptNet: a support vector machine on the embedding, and the gradient through it."""

import pytest
import torch
from bright_squares import accuracy, learner, trained
from sklearn.svm import LinearSVC

from metabench.algorithms.metaoptnet import MetaOptNet
from metabench.episodic import embed
from metabench.tasks import Batch


@pytest.fixture(autouse=True)
def double():
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def test_its_head_is_the_machine_of_the_embedded_support_set(conv, image_task, start):
    metaoptnet = conv(MetaOptNet, C=5.0)
    phi = start(metaoptnet)
    adapted = metaoptnet.adapt(phi, image_task.support)
    X = embed(metaoptnet, phi, image_task.support.x)
    theirs = LinearSVC(
        C=5.0, multi_class="crammer_singer", fit_intercept=False, tol=1e-9, max_iter=100_000
    ).fit(X.numpy(), image_task.support.y.numpy())
    torch.testing.assert_close(adapted.w.T, torch.from_numpy(theirs.coef_), rtol=1e-4, atol=1e-6)
    assert adapted.gap < 1e-7


def test_the_ridge_of_the_released_code_shrinks_the_dual_variables(conv, image_task, start):
    """On the diagonal of K it is the penalty dual_ridge / 2 ||alpha||^2."""
    paper, released = (conv(MetaOptNet, C=5.0, dual_ridge=r) for r in (0.0, 1.0))
    phi = start(paper)
    w, shrunk = (a.adapt(phi, image_task.support).w for a in (paper, released))
    assert shrunk.square().sum() < 0.9 * w.square().sum()


@pytest.mark.parametrize("dual_ridge", [0.0, 1.0])
def test_the_meta_gradient_is_the_finite_difference(
    conv, image_task, start, difference, dual_ridge
):
    metaoptnet = conv(MetaOptNet, C=1.0, dual_ridge=dual_ridge)
    phi = start(metaoptnet)
    gradient, metrics = metaoptnet.meta_gradient(phi, image_task)
    optimised = {n: p for n, p in phi.items() if not n.startswith("running.")}

    def loss(moved):
        return metaoptnet.meta_gradient({**phi, **moved}, image_task)[1]["loss"]

    difference(loss, optimised, gradient, t=1e-7)
    assert 0 <= metrics["duality_gap"] < 1e-7


def test_the_order_of_the_support_set_does_not_matter(conv, image_task, start):
    metaoptnet = conv(MetaOptNet)
    phi, order = start(metaoptnet), torch.tensor([4, 2, 0, 5, 1, 3])
    x, y, key = image_task.support
    w = metaoptnet.adapt(phi, image_task.support).w
    torch.testing.assert_close(metaoptnet.adapt(phi, Batch(x[order], y[order], key)).w, w)


def test_no_prediction_depends_on_another_query(conv, image_task, start):
    metaoptnet = conv(MetaOptNet)
    adapted = metaoptnet.adapt(start(metaoptnet), image_task.support)
    together = metaoptnet.predict(adapted, image_task.query.x)
    alone = torch.cat([metaoptnet.predict(adapted, x[None]) for x in image_task.query.x])
    torch.testing.assert_close(together, alone)


def test_it_learns_a_separable_task():
    torch.set_default_dtype(torch.float32)
    metaoptnet = learner(MetaOptNet)
    assert accuracy(metaoptnet, trained(metaoptnet)) > 0.6  # chance is 1/3
