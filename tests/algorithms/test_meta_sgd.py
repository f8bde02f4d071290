"""Meta-SGD: MAML with a learned rate for every coordinate."""

import torch
from small_training import accuracy, meta_train, squares

from metabench.algorithms.maml import MAML
from metabench.algorithms.meta_sgd import ALPHA, MetaSGD
from metabench.inner_loop import gradient


def test_with_equal_rates_it_is_maml_exactly(conv, image_task, start):
    sgd = conv(MetaSGD, rate_low=0.25, rate_high=0.25, inner_steps=3)
    maml = conv(MAML, inner_lr=0.25, inner_steps=3)
    phi, plain = start(sgd), start(maml)
    ours, theirs = (a.adapt(p, image_task.support) for a, p in ((sgd, phi), (maml, plain)))
    slopes, expected = (a.meta_gradient(p, image_task)[0] for a, p in ((sgd, phi), (maml, plain)))
    for name in plain:
        assert torch.equal(ours[name], theirs[name])
        torch.testing.assert_close(slopes[name], expected[name], rtol=1e-12, atol=1e-14)


def test_its_meta_gradient_is_the_finite_difference_in_phi_and_alpha(
    conv, image_task, start, difference
):
    sgd = conv(MetaSGD, inner_steps=2)
    phi = start(sgd)
    slopes, _ = sgd.meta_gradient(phi, image_task)
    difference(lambda phi: sgd.meta_loss(phi, image_task)[0], phi, slopes, t=1e-7)


def test_after_one_step_the_gradient_in_alpha_has_a_closed_form(conv, image_task, start):
    """theta = phi - alpha o g, so grad_alpha l_query(theta) = - g o grad l_query(theta)."""
    sgd = conv(MetaSGD)
    phi = start(sgd)
    g = gradient(sgd.loss, phi, image_task.support)
    at_theta = gradient(sgd.loss, sgd.adapt(phi, image_task.support), image_task.query)
    slopes, _ = sgd.meta_gradient(phi, image_task)
    rates = [name for name in phi if name.startswith(ALPHA)]
    assert len(rates) == 6  # four convolutions, and the head's weights and biases
    for rate in rates:
        name = rate.removeprefix(ALPHA)
        torch.testing.assert_close(slopes[rate], -g[name] * at_theta[name])


def test_all_rates_begin_at_one_number_of_the_range_which_the_seed_draws(conv):
    first = []
    for seed in range(20):
        phi = conv(MetaSGD).init(torch.Generator().manual_seed(seed))
        rates = torch.cat([value.flatten() for name, value in phi.items() if ALPHA in name])
        assert rates.min() == rates.max()
        first.append(float(rates[0]))
    assert 0.005 <= min(first) < 0.03
    assert 0.075 < max(first) <= 0.1


def test_it_learns_to_tell_squares_by_their_place(conv):
    sgd = conv(MetaSGD, rate_low=0.5, rate_high=0.5, iterations=60, outer_lr=0.02)
    params, _ = meta_train(sgd, squares())
    assert accuracy(sgd, params, squares()) > 0.6  # chance is 1/3
    assert params[f"{ALPHA}head.weight"].std() > 0.01  # the rates have learned, and differ
