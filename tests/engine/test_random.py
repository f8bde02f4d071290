"""Counter-based random numbers: independent of all but their key."""

import torch

from metabench import random


def test_a_key_draws_the_same_alone_and_in_company():
    keys = random.fold_range(random.key(7, "tasks"), 100)
    together = random.uniform(keys, 5)
    assert torch.equal(together[42], random.uniform(keys[42], 5))
    assert torch.equal(random.fold(random.key(7, "tasks"), 42), keys[42])


def test_seeds_and_streams_are_different():
    draws = {
        tuple(random.bits(random.key(seed, stream), 3).tolist())
        for seed in range(20)
        for stream in ("meta-training", "episodes", "other")
    }
    assert len(draws) == 60


def test_the_first_numbers_of_splitmix64_are_the_published_ones():
    """Seed 1234567, as in the reference implementation's test values."""
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    drawn = random.bits(torch.tensor(1234567), 3)
    assert [int(x) % 2**64 for x in drawn] == published


def test_uniform_numbers_fill_the_unit_interval_evenly():
    u = random.uniform(random.key(0, "u"), 200_000)
    assert u.min() >= 0
    assert u.max() < 1
    counts = torch.histc(u, 20, 0, 1)
    chi_squared = float(((counts - 10_000) ** 2 / 10_000).sum())
    assert chi_squared < 43.8  # the 99.9 % point of chi-squared with 19 degrees of freedom
    assert abs(float(torch.corrcoef(torch.stack([u[:-1], u[1:]]))[0, 1])) < 0.01


def test_choices_are_distinct_allowed_and_in_random_order():
    keys = random.fold_range(random.key(0, "choose"), 6000)
    allowed = torch.tensor([True, False, True, True, True])
    drawn = random.choose(keys, 3, 5, allowed)
    assert not (drawn == 1).any()
    assert all(len(set(row)) == 3 for row in drawn.tolist())
    for position in range(3):  # each of the four allowed numbers, equally often at each place
        counts = torch.bincount(drawn[:, position], minlength=5)[[0, 2, 3, 4]]
        assert (counts - 1500).abs().max() < 5 * (6000 * 0.25 * 0.75) ** 0.5


def test_it_can_be_mapped_over_keys():
    keys = random.fold_range(random.key(0, "vmap"), 8)
    mapped = torch.func.vmap(lambda key: random.permutation(random.fold(key, 3), 6))(keys)
    assert torch.equal(mapped, random.permutation(random.fold(keys, 3), 6))


def test_normal_numbers_have_the_moments_and_the_tails_of_a_normal():
    keys = random.fold_range(random.key(0, "n"), 400)
    z = random.normal(keys, 500)
    assert z.shape == (400, 500)
    assert torch.equal(z[42], random.normal(keys[42], 500))
    z = z.flatten().double()
    assert z.isfinite().all()
    for power, moment, within in ((1, 0, 0.01), (2, 1, 0.02), (3, 0, 0.04), (4, 3, 0.15)):
        assert abs(float((z**power).mean()) - moment) < within
    for bound, share in ((1, 0.3173), (2, 0.0455), (3, 0.0027)):
        assert abs(float((z.abs() > bound).double().mean()) - share) < 0.005
