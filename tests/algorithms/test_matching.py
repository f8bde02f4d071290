"""Matching networks: an attention over the support set, with and without its context."""

import pytest
import torch
from bright_squares import accuracy, learner, trained

from metabench.algorithms.matching import Matching, attention_lstm, read_in_order
from metabench.parts.cosine import cosine
from metabench.tasks import Batch

BOTH = pytest.mark.parametrize("context", [False, True])


@pytest.fixture(autouse=True)
def double():
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def answers(matching, phi, support, x):
    """p(y | x, S)."""
    return matching.predict(matching.adapt(phi, support), x).exp()


def test_a_label_is_the_mean_of_the_support_labels_under_the_attention(conv, image_task, start):
    matching = conv(Matching, temperature=3.0)
    phi = start(matching)
    adapted = matching.adapt(phi, image_task.support)
    f, g = torch.randn(4, 5), torch.randn(6, 5)
    a = (3.0 * torch.nn.functional.cosine_similarity(f[:, None], g[None], -1)).softmax(-1)
    expected = a @ torch.eye(3)[image_task.support.y]
    ours = matching.log_probabilities(adapted._replace(g=g), f).exp()
    torch.testing.assert_close(a.sum(-1), torch.ones(4))
    torch.testing.assert_close(ours, expected)


@BOTH
def test_probabilities_sum_to_one_even_where_the_attention_is_sharp(
    conv, image_task, start, context
):
    matching = conv(Matching, context=context, temperature=500.0)
    p = answers(matching, start(matching), image_task.support, image_task.query.x)
    torch.testing.assert_close(p.sum(-1), torch.ones(6))


def test_without_context_the_order_of_the_support_set_does_not_matter(conv, image_task, start):
    matching = conv(Matching)
    phi, order = start(matching), torch.tensor([4, 2, 0, 5, 1, 3])
    x, y, key = image_task.support
    p = answers(matching, phi, image_task.support, image_task.query.x)
    torch.testing.assert_close(
        answers(matching, phi, Batch(x[order], y[order], key), image_task.query.x), p
    )


def test_with_context_an_example_is_embedded_in_view_of_the_others(conv, image_task, start):
    """Both LSTMs carry it: the first example's embedding knows the last, and the reverse."""
    matching = conv(Matching, context=True)
    phi = start(matching)
    embedded = Batch(torch.rand(6, 4), image_task.support.y, image_task.support.key)
    g = matching.in_context(phi, embedded, 3).g
    for changed, looked_at in ((5, 0), (0, 5)):
        x = embedded.x.clone()
        x[changed] += 1
        moved = matching.in_context(phi, embedded._replace(x=x), 3).g
        assert (moved[looked_at] - g[looked_at]).abs().max() > 1e-6


@BOTH
def test_other_names_for_the_classes_give_the_same_answers_under_those_names(
    conv, image_task, start, context
):
    matching = conv(Matching, context=context)
    phi, names = start(matching), torch.tensor([2, 0, 1])  # class k is called names[k]
    p = answers(matching, phi, image_task.support, image_task.query.x)
    renamed = image_task.support._replace(y=names[image_task.support.y])
    q = answers(matching, phi, renamed, image_task.query.x)
    torch.testing.assert_close(q[:, names], p)


def test_cosines_do_not_see_the_length_of_features():
    x, c = torch.randn(4, 5), torch.randn(3, 5)
    torch.testing.assert_close(cosine(7 * x, 0.1 * c), cosine(x, c))


def test_the_lstm_is_torchs():
    d, ours = 4, {}
    theirs = torch.nn.LSTM(d, d)
    for name, weight in {"input": theirs.weight_ih_l0, "state": theirs.weight_hh_l0}.items():
        ours[f"l.{name}"] = reordered(weight).T.detach()
    ours["l.bias"] = (reordered(theirs.bias_ih_l0) + reordered(theirs.bias_hh_l0)).detach()
    x = torch.randn(7, d)
    torch.testing.assert_close(read_in_order(ours, "l", x), theirs(x)[0].detach())


def test_a_query_reads_the_support_set_as_the_equations_say():
    """torch's cell on [f', h, r], its own recurrence left out, between the reads."""
    d, steps = 4, 3
    cell = torch.nn.LSTMCell(3 * d, d)
    torch.nn.init.zeros_(cell.weight_hh)
    weight = reordered(cell.weight_ih).T.detach()
    ours = {"attention.input": weight[:d], "attention.state": weight[d:]}
    ours["attention.bias"] = (reordered(cell.bias_ih) + reordered(cell.bias_hh)).detach()
    f, g = torch.randn(5, d), torch.randn(6, d)
    h, c = f, torch.zeros(5, d)
    for _ in range(steps):
        r = torch.softmax(h @ g.T, -1) @ g
        state, c = cell(torch.cat([f, h, r], -1), (torch.zeros(5, d), c))
        h = state + f
    torch.testing.assert_close(attention_lstm(ours, f, g, steps), h.detach())


def reordered(weight):
    """torch's gates i, f, g, o as f, i, o, g."""
    i, f, g, o = weight.chunk(4)
    return torch.cat([f, i, o, g])


@BOTH
def test_the_meta_gradient_is_the_finite_difference(conv, image_task, start, difference, context):
    matching = conv(Matching, context=context)
    phi = start(matching)
    gradient, _ = matching.meta_gradient(phi, image_task)
    optimised = {n: p for n, p in phi.items() if not n.startswith("running.")}

    def loss(moved):
        return matching.meta_gradient({**phi, **moved}, image_task)[1]["loss"]

    difference(loss, optimised, gradient, t=1e-7)


@BOTH
def test_no_prediction_depends_on_another_query(conv, image_task, start, context):
    matching = conv(Matching, context=context)
    adapted = matching.adapt(start(matching), image_task.support)
    together = matching.predict(adapted, image_task.query.x)
    alone = torch.cat([matching.predict(adapted, x[None]) for x in image_task.query.x])
    torch.testing.assert_close(together, alone)


@BOTH
def test_it_learns_a_separable_task(context):
    torch.set_default_dtype(torch.float32)
    matching = learner(Matching, context=context)
    assert accuracy(matching, trained(matching)) > 0.6  # chance is 1/3
