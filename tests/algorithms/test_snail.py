"""SNAIL: causal, told no query's label, and one pass over the support set for all queries."""

import pytest
import torch
from vectors import accuracy, learn, on_vectors, unseen_tasks, vector_tasks

from metabench.algorithms.snail import SNAIL, Adapted
from metabench.layers import init_linear
from metabench.learning.engine import task_at
from metabench.networks.network import Norm
from metabench.parts.causal import attention, dense

SMALL = {"embedding": 8, "filters": 8, "key_sizes": (4, 4, 4), "value_sizes": (6, 6, 6)}


@pytest.fixture(autouse=True)
def double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def block(kind, size, seed=0, dilation=1):
    """A function of (s, q), with random weights."""
    g = torch.Generator().manual_seed(seed)
    if kind == "attention":
        params = init_linear(g, "a", size, 2 * 4 + 3)
        return lambda s, q: attention(params, "a", s, q, 4)
    params = init_linear(g, "d", 2 * size, 2 * 3)
    return lambda s, q: dense(params, "d", s, q, dilation)


def temporal_block(layers, size):
    """Dense blocks of dilations 1, 2, 4, ... of random weights."""

    def run(s, q):
        for i in range(layers):
            s, q = block("dense", size + 3 * i, i, 2**i)(s, q)
        return s, q

    return run


def normal(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(7))


@pytest.mark.parametrize("kind", ["attention", "dense", "temporal"])
def test_a_later_element_changes_no_earlier_output(kind):
    run = temporal_block(3, 5) if kind == "temporal" else block(kind, 5)
    s, q = normal(9, 5), normal(1, 5)
    changed = s.clone()
    changed[6] += 1
    before, after = run(s, q)[0], run(changed, q)[0]
    assert torch.equal(before[:6], after[:6])
    assert (before[6:] != after[6:]).any(-1).sum() >= 1
    assert torch.equal(before, run(s, q + 1)[0])  # nor does a query behind the sequence


@pytest.mark.parametrize("kind", ["attention", "dense", "temporal"])
@pytest.mark.parametrize("length", [1, 2, 7])
def test_a_query_is_the_next_element_of_the_sequence(kind, length):
    """Behind s, q gives what the last element of [s, q] gives, each of several by itself."""
    run = temporal_block(3, 5) if kind == "temporal" else block(kind, 5)
    s, q = normal(length, 5), normal(4, 5) + 1
    whole = [run(torch.cat([s, one[None]]), q)[0][-1] for one in q]
    torch.testing.assert_close(run(s, q)[1], torch.stack(whole))


def test_attention_is_the_causal_softmax_of_scaled_products():
    s = normal(6, 5)
    params = init_linear(torch.Generator().manual_seed(0), "a", 5, 11)
    q, k, v = (s @ params["a.weight"]).split([4, 4, 3], -1)
    expected = torch.stack(
        [(q[t] @ k[: t + 1].T / 2).softmax(-1) @ v[: t + 1] for t in range(len(s))]
    )
    out = attention(params, "a", s, s[:0], 4)[0]
    assert torch.equal(out[:, :5], s)
    torch.testing.assert_close(out[:, 5:], expected)


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_a_temporal_convolution_sees_two_to_the_power_of_its_layers(layers):
    seen, s = 2**layers, normal(20, 5)
    run = temporal_block(layers, 5)
    answer = run(s, s[:1])[1]
    for back in range(1, 20):
        changed = s.clone()
        changed[-back] += 1
        differs = not torch.equal(run(changed, s[:1])[1], answer)
        assert differs == (back < seen)  # the query itself is the first of those seen


@pytest.mark.parametrize(("way", "shot", "layers"), [(5, 1, 3), (5, 5, 5), (20, 1, 5), (3, 1, 2)])
def test_there_are_as_many_layers_as_it_takes_to_see_the_whole_sequence(way, shot, layers):
    dilations = on_vectors(SNAIL, way, shot).dilations
    assert dilations == [2**i for i in range(layers)]
    assert 2 ** (layers - 1) < way * shot + 1 <= 2**layers


def test_a_querys_prediction_depends_on_no_other_query_and_no_label_of_one(conv, image_task, start):
    snail = conv(SNAIL, **SMALL)
    phi = start(snail)
    adapted = snail.adapt(phi, image_task.support)
    together = snail.predict(adapted, image_task.query.x)
    alone = torch.cat([snail.predict(adapted, x[None]) for x in image_task.query.x])
    torch.testing.assert_close(together, alone)
    seen = []
    snail.scored = lambda outputs, y: (seen.append(outputs) or outputs.sum(), {})
    swapped = image_task.query._replace(y=(image_task.query.y + 1) % 3)
    for query in (image_task.query, swapped):
        snail.meta_loss(phi, image_task._replace(query=query))
    assert torch.equal(*seen)


def test_the_support_set_is_shuffled_and_its_labels_stay_with_their_images():
    """In the order given, the label of an element would be its place."""
    snail = on_vectors(SNAIL, way=6, **SMALL)
    phi = {n: p.double() for n, p in snail.init(torch.Generator().manual_seed(0)).items()}
    tasks = unseen_tasks(way=6, count=50)
    tasks = tasks._replace(support=tasks.support._replace(x=tasks.support.x.double()))
    orders = []
    for t in range(50):
        support = task_at(tasks, t).support
        sequence = snail.adapt(phi, support).sequence
        labels = sequence[:, -6:].argmax(-1)
        embedded = support.x[labels] @ phi["embed.weight"] + phi["embed.bias"]
        torch.testing.assert_close(sequence[:, :-6], embedded)
        orders.append(labels)
    first = torch.bincount(torch.stack(orders)[:, 0], minlength=6)
    assert first.min() >= 2  # of 50, each label is first in 8 or so


def test_the_meta_gradient_is_the_finite_difference(conv, image_task, start, difference):
    snail = conv(SNAIL, **SMALL)
    phi = start(snail)
    gradient, _ = snail.meta_gradient(phi, image_task)
    optimised = {n: p for n, p in phi.items() if not n.startswith("running.")}

    def loss(moved):
        return snail.meta_loss({**phi, **moved}, image_task)[0]

    difference(loss, optimised, gradient, t=1e-7)


def test_running_statistics_move_towards_those_of_all_images_of_the_task(conv, image_task, start):
    snail = conv(SNAIL, **SMALL)
    phi = start(snail)
    gradient, metrics = snail.meta_gradient(phi, image_task)
    x = torch.cat([image_task.support.x, image_task.query.x])
    seen = {}
    snail.network.features(phi, x, Norm(seen=seen))
    for name, value in seen.items():
        torch.testing.assert_close(phi[name] - gradient[name], 0.9 * phi[name] + 0.1 * value)
    assert len(seen) == 8
    torch.testing.assert_close(metrics["loss"], snail.meta_loss(phi, image_task)[0])


def test_it_learns_a_small_task_and_reproduces_it_to_the_bit():
    torch.set_default_dtype(torch.float32)
    hp = {**SMALL, "filters": 16, "key_sizes": (8, 8, 8), "meta_batch": 16, "outer_lr": 1e-2}
    snail = on_vectors(SNAIL, **hp)
    untrained = snail.init(torch.Generator().manual_seed(0))

    def run(iterations):
        return learn(snail, iterations, lambda keys: vector_tasks(keys, 3, 1, 2))

    unseen = unseen_tasks()
    assert accuracy(snail, untrained, unseen) < 0.5
    assert accuracy(snail, run(80), unseen) > 0.8
    assert all(torch.equal(a, b) for a, b in zip(run(3).values(), run(3).values(), strict=True))


def test_adapted_is_phi_and_a_sequence_of_embedding_and_label(conv, image_task, start):
    snail = conv(SNAIL, **SMALL)
    phi = start(snail)
    adapted = snail.adapt(phi, image_task.support)
    assert isinstance(adapted, Adapted)
    assert adapted.sequence.shape == (6, 8 + 3)
    assert adapted.sequence[:, 8:].sum(-1).tolist() == [1.0] * 6
