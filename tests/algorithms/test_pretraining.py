"""Plain pre-training: one loss for all tasks at once, and what is fitted afterwards."""

import torch

from metabench import random
from metabench.algorithms.pretrain_finetune import PretrainFinetune
from metabench.algorithms.pretrain_head import PretrainHead
from metabench.algorithms.scratch import Scratch
from metabench.inner_loop import LR, passes
from metabench.learning.engine import meta_gradient
from metabench.networks.network import Norm
from metabench.tasks import Batch, Task


def test_on_functions_it_is_the_gradient_of_the_sum_of_losses_at_phi(
    linear, regression_task, start
):
    """No inner loop: the mean over tasks of grad l_n(phi), on support and queries alike."""
    pretraining = linear(PretrainFinetune)
    phi = start(pretraining)
    other = Task(*(Batch(b.x + 1, b.y * 2, b.key) for b in regression_task))
    both = Task(
        *(
            Batch(*(torch.stack(pair) for pair in zip(a, b, strict=True)))
            for a, b in zip(regression_task, other, strict=True)
        )
    )
    gradient, _ = meta_gradient(pretraining, phi, both)
    leaves = {n: p.clone().requires_grad_() for n, p in phi.items()}
    losses = [
        (
            pretraining.network(leaves, torch.cat([t.support.x, t.query.x]))
            - torch.cat([t.support.y, t.query.y])
        )
        .square()
        .mean()
        for t in (regression_task, other)
    ]
    (sum(losses) / 2).backward()
    for name in phi:
        torch.testing.assert_close(gradient[name], leaves[name].grad)


def test_on_images_the_classifier_has_an_output_for_every_training_class(conv, start):
    params = start(conv(PretrainHead, classes=7))
    assert params["head.weight"].shape == (4, 7)


def test_a_new_head_is_fitted_and_the_features_stay_frozen(conv, image_task, start):
    algorithm = conv(PretrainHead, head_lr=0.5)
    phi = start(algorithm)
    theta = algorithm.adapt(phi, image_task.support)
    assert theta["head.weight"].shape == (4, 3)
    for name in phi:
        if not name.startswith("head."):
            assert torch.equal(theta[name], phi[name])
    loss = algorithm.score(algorithm.predict(theta, image_task.support.x), image_task.support.y)
    assert loss < torch.log(torch.tensor(3.0))  # better than the head of zeros it began with


def test_a_head_is_fitted_as_by_pytorch_s_sgd(conv, image_task, start):
    """Momentum, dampening but for the first gradient, weight decay, and whole passes."""
    algorithm = conv(PretrainHead, head_lr=0.1, head_epochs=3, head_batch=4)
    phi, support = start(algorithm), image_task.support
    theta = algorithm.adapt(phi, support)
    features = algorithm.network.features(phi, support.x, Norm(running=True))
    weight = torch.zeros(features.shape[1], 3, dtype=features.dtype, requires_grad=True)
    bias = torch.zeros(3, dtype=features.dtype, requires_grad=True)
    sgd = torch.optim.SGD([weight, bias], 0.1, momentum=0.9, dampening=0.9, weight_decay=1e-3)
    for batch in passes(support._replace(x=features), 4, 3):
        sgd.zero_grad()
        torch.nn.functional.cross_entropy(batch.x @ weight + bias, batch.y).backward()
        sgd.step()
    torch.testing.assert_close(theta["head.weight"], weight.detach())
    torch.testing.assert_close(theta["head.bias"], bias.detach())


def test_a_pass_has_every_example_once(image_task):
    support = image_task.support
    examples = len(support.x)
    drawn = torch.cat([batch.x for batch in passes(support, 4, 2)]).flatten(1)
    for one in (drawn[:examples], drawn[examples:]):
        assert sorted(one.tolist()) == sorted(support.x.flatten(1).tolist())


def test_fine_tuning_moves_every_layer_and_fits_the_support_set(conv, image_task, start):
    algorithm = conv(PretrainFinetune, test_lrs=(0.1,), test_inner_steps=20)
    phi = start(algorithm)
    first, *_, last = algorithm.path(phi, image_task.support)
    assert torch.equal(first["head.weight"], torch.zeros(4, 3, dtype=torch.float64))
    assert all(not torch.equal(first[n], last[n]) for n in phi if "running" not in n)
    losses = [algorithm.loss(theta, image_task.support) for theta in (first, last)]
    assert losses[1] < losses[0]


def test_the_step_size_is_the_one_with_the_lowest_validation_error(linear, start):
    algorithm = linear(PretrainFinetune, test_lrs=(0.1, 0.2, 0.3))
    phi = start(algorithm)
    tuned = algorithm.tune(phi, lambda params: abs(float(params[LR]) - 0.19))
    assert float(tuned[LR]) == torch.tensor(0.2)


def test_from_scratch_starts_at_random_and_has_no_meta_training(conv, image_task, start):
    algorithm = conv(Scratch, test_inner_steps=3)
    assert algorithm.hp.iterations == 0
    params = start(algorithm)
    tuned = {**params, LR: torch.tensor(0.05, dtype=torch.float64)}
    path = list(algorithm.path(tuned, image_task.support))
    assert len(path) == 4
    moved = params["head.weight"] - path[1]["head.weight"]
    leaves = {n: p.clone().requires_grad_() for n, p in params.items()}
    algorithm.loss(leaves, image_task.support).backward()
    torch.testing.assert_close(moved, 0.05 * leaves["head.weight"].grad)


def test_images_of_pretraining_come_from_all_classes_evenly():
    """One image for each key, with its class in the whole split."""
    from metabench.episodes.sampling import choose_one

    keys = random.fold_range(random.key(0, "images"), 20_000)
    counts = torch.bincount(choose_one(keys, 10), minlength=10)
    assert (counts - 2000).abs().max() < 5 * (20_000 * 0.1 * 0.9) ** 0.5
