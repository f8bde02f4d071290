"""Memory-augmented networks: where they write, what they read, and what they are never told."""

import itertools

import pytest
import torch
from vectors import accuracy, learn, on_vectors, unseen_tasks, vector_tasks

from metabench import random
from metabench.algorithms.mann import MANN, ORDER
from metabench.networks.network import Norm
from metabench.parts.lru_memory import access, cosine, empty, least_used
from metabench.trees import select

SMALL = {"controller": 12, "rows": 10, "row_size": 5, "heads": 2}


@pytest.fixture(autouse=True)
def double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def normal(*shape, seed=7):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def used(steps, heads=2, rows=10, size=5, gate=0.3):
    """A memory after some elements, and the memory before each of them."""
    memory, past = empty(rows, size, heads, normal(1)), []
    for t in range(steps):
        past.append(memory)
        gates = torch.full((1, heads), gate)
        memory = access(memory, normal(1, heads, size, seed=t), gates, 0.9)
    return memory, past


def test_least_used_are_the_rows_of_least_usage_one_for_each_head():
    usage = torch.tensor([[3.0, 0.5, 2.0, 0.1]])
    assert least_used(usage, 2).tolist() == [[[0, 0, 0, 1], [0, 1, 0, 0]]]
    assert least_used(torch.zeros(1, 4), 2).tolist() == [[[1, 0, 0, 0], [0, 1, 0, 0]]]  # the first


def test_with_a_closed_gate_a_head_writes_its_key_to_the_least_used_row_and_empties_it():
    memory, _ = used(3)
    rows = least_used(memory.usage, 2).argmax(-1)[0]
    key = normal(1, 2, 5)
    after = access(memory, key, torch.zeros(1, 2), 0.9)
    torch.testing.assert_close(after.rows[0, rows], key[0])
    others = [i for i in range(10) if i not in rows]
    assert torch.equal(after.rows[0, others], memory.rows[0, others])


def test_with_an_open_gate_it_writes_where_it_read_before():
    memory, _ = used(3)
    key = normal(1, 2, 5)
    after = access(memory, key, torch.ones(1, 2), 0.9)
    emptied = least_used(memory.usage, 2).sum(1)[..., None]
    expected = memory.rows * (1 - emptied) + torch.einsum("nhr,nhs->nrs", memory.read, key)
    torch.testing.assert_close(after.rows, expected)


def test_reading_is_a_mean_of_rows_by_the_softmax_of_their_cosines():
    memory, _ = used(4)
    key = normal(1, 2, 5, seed=3)  # the fourth element's
    torch.testing.assert_close(memory.read.sum(-1), torch.ones(1, 2))
    similar = torch.nn.functional.cosine_similarity(key[:, :, None], memory.rows[:, None], dim=-1)
    torch.testing.assert_close(memory.read, similar.softmax(-1), rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(memory.vectors, memory.read @ memory.rows)
    assert cosine(key, torch.zeros(1, 3, 5)).abs().sum() == 0  # of an empty row, and no nan


def test_usage_decays_and_counts_reads_and_writes():
    """Each element adds one read and one write for every head: 2 heads, 4 in all."""
    _, past = used(5)
    totals = [float(m.usage.sum()) for m in past]
    for before, after in itertools.pairwise(totals):
        expected = 0.9 * before + 2 + (2 * 0.7 + 2 * 0.3 * (before > 0))  # nothing read at first
        assert after == pytest.approx(expected)


def small(way=3, **hp):
    mann = on_vectors(MANN, way, **SMALL, **hp)
    return mann, {n: p.double() for n, p in mann.init(torch.Generator().manual_seed(0)).items()}


def one_task(**sizes):
    tasks = unseen_tasks(count=1, **sizes)
    support, query = (type(b)(b.x[0].double(), b.y[0], b.key[0]) for b in tasks)
    return tasks._replace(support=support, query=query)


def presented(mann, phi, x, y):
    """The logits of x in the order given: shuffled so that shuffling puts them right."""
    key = random.key(0, "order")
    given = random.permutation(random.fold(key, ORDER), len(x)).argsort()
    seen = mann.embed(phi, x[given], Norm(running=True))
    logits, labels, _ = mann.present(phi, seen, y[given], key)
    assert torch.equal(labels, y)
    return logits


def test_an_element_or_its_label_changes_no_earlier_logits():
    mann, phi = small()
    x, y = normal(8, 6), torch.tensor([0, 1, 2, 2, 1, 0, 1, 2])
    logits = presented(mann, phi, x, y)
    moved = x.clone()
    moved[5] += 1
    assert torch.equal(presented(mann, phi, moved, y)[:5], logits[:5])
    assert not torch.equal(presented(mann, phi, moved, y)[5], logits[5])
    relabelled = y.clone()
    relabelled[5] = 2
    told = presented(mann, phi, x, relabelled)
    assert torch.equal(told[:6], logits[:6])  # element 5 itself is answered before its label
    assert not torch.equal(told[6], logits[6])


def test_a_query_is_the_next_element_after_the_support_set():
    """Alone behind the support set it has the logits of a sequence that it ends."""
    mann, phi = small()
    task = one_task()
    *_, adapted = mann.path(phi, task.support)
    together = mann.predict(adapted, task.query.x)
    order = random.permutation(random.fold(task.support.key, ORDER), 3)
    for logits, x in zip(together, task.query.x, strict=True):
        sequence = torch.cat([task.support.x[order], x[None]])
        y = torch.cat([task.support.y[order], torch.tensor([0])])
        torch.testing.assert_close(logits, presented(mann, phi, sequence, y)[-1])
        torch.testing.assert_close(logits, mann.predict(adapted, x[None])[0])


def test_before_the_support_set_a_query_is_the_first_element_of_its_sequence():
    mann, phi = small()
    task = one_task()
    before, _ = mann.path(phi, task.support)
    for x in task.query.x:
        alone = presented(mann, phi, x[None], torch.tensor([0]))
        torch.testing.assert_close(mann.predict(before, x[None]), alone)


def test_the_memory_is_reset_for_every_task():
    """What a task leaves is not there for the next: the same task, the same state."""
    mann, phi = small()
    first, other = one_task(), one_task(shot=2)
    states = []
    for task in (first, other, first):
        *_, (_, state) = mann.path(phi, task.support)
        states.append(torch.cat([part.flatten() for part in (*state.memory, *state[1:])]))
    assert torch.equal(states[0], states[2])
    assert not torch.equal(states[0], states[1])


@pytest.mark.parametrize("training", ["queries", "sequence"])
def test_no_image_is_answered_with_its_own_label_at_hand(training):
    """In training too: not at all where queries come alone, one element late in a sequence."""
    mann, phi = small(training=training)
    task, seen = one_task(), []
    mann.scored = lambda outputs, y: (seen.append((outputs, y)) or outputs.sum(), {})
    changed = task.query._replace(y=(task.query.y + 1) % 3)
    for query in (task.query, changed):
        mann.meta_loss(phi, task._replace(query=query))
    (logits, y), (others, z) = seen
    first = int((y != z).nonzero()[0])
    told = len(y) if training == "queries" else first + 1
    assert torch.equal(logits[:told], others[:told])
    assert training == "queries" or not torch.equal(logits, others)


@pytest.mark.parametrize("training", ["queries", "sequence"])
def test_the_meta_gradient_is_the_finite_difference(difference, training):
    mann, phi = small(training=training)
    task = one_task(shot=2)
    gradient, _ = mann.meta_gradient(phi, task)
    assert all(g.abs().sum() > 0 for g in gradient.values())
    difference(lambda phi: mann.meta_loss(phi, task)[0], phi, gradient, t=1e-6)


def test_behind_a_backbone_it_is_the_finite_difference_too(conv, image_task, start, difference):
    mann = conv(MANN, embedding="backbone", **SMALL)
    phi = start(mann)
    gradient, _ = mann.meta_gradient(phi, image_task)
    optimised = select(phi, lambda n: not n.startswith("running."))
    assert any(n.startswith("conv") for n in optimised)
    assert any(gradient[n].abs().sum() > 0 for n in phi if n.startswith("running."))

    def loss(moved):
        return mann.meta_loss({**phi, **moved}, image_task)[0]

    difference(loss, optimised, gradient, t=1e-7)


def test_on_pixels_there_is_no_backbone(conv, start):
    assert not any(n.startswith(("conv", "norm", "running")) for n in start(conv(MANN, **SMALL)))


def right_at_first(mann, params, task):
    """Whether queries are right before anything was presented."""
    before, _ = mann.path(params, task.support)
    return mann.predict(before, task.query.x).argmax(-1) == task.query.y


def test_it_learns_a_small_task_where_the_first_presentation_stays_a_guess():
    torch.set_default_dtype(torch.float32)
    hp = {"controller": 32, "rows": 8, "row_size": 5, "heads": 1}
    mann = on_vectors(MANN, 2, training="queries", meta_batch=16, outer_lr=0.02, **hp)

    def run(iterations):
        return learn(mann, iterations, lambda keys: vector_tasks(keys, 2, 1, 4))

    params, unseen = run(100), unseen_tasks(way=2, count=400, query=1)
    assert accuracy(mann, params, unseen) > 0.75
    first = torch.func.vmap(lambda task: right_at_first(mann, params, task))(unseen)
    assert abs(float(first.float().mean()) - 0.5) < 0.1  # 4 sigma
    assert all(torch.equal(a, b) for a, b in zip(run(2).values(), run(2).values(), strict=True))
