"""conv4 is the network that its docstring says, in plain torch."""

from __future__ import annotations

import pytest
import torch

from metabench.errors import MetabenchError
from metabench.networks import build
from metabench.networks.network import Norm
from metabench.networks.normalisation import EPSILON

SHAPE = (3, 28, 21)
FEATURES = {"conv4-6": 6, "conv4-6-flat": 6 * 2 * 2, "conv4-6-pool": 6 * 1 * 1}
VARIANTS = FEATURES | {f"{name}-scale": features for name, features in FEATURES.items()}


def plain(params: dict[str, torch.Tensor], x: torch.Tensor, backbone: str) -> torch.Tensor:
    """The features, as torch's own layers compute them."""
    pooled = "pool" in backbone
    for i in range(1, 5):
        weight = params[f"conv{i}.weight"].permute(0, 3, 1, 2)
        x = torch.conv2d(x, weight, stride=1 if pooled else 2, padding=1)
        gamma, beta = params.get(f"norm{i}.gamma"), params[f"norm{i}.beta"]
        x = torch.nn.functional.batch_norm(x, None, None, gamma, beta, training=True, eps=EPSILON)
        x = torch.nn.functional.max_pool2d(x.relu(), 2) if pooled else x.relu()
    if backbone.removesuffix("-scale") == "conv4-6":
        return x.mean((2, 3))
    return x.movedim(1, -1).flatten(1)


@pytest.mark.parametrize("backbone", VARIANTS)
def test_its_features_are_those_of_torchs_own_layers(backbone: str) -> None:
    generator = torch.Generator().manual_seed(0)
    network = build(backbone, SHAPE, 5)
    params = network.init(generator)
    assert any(name.endswith("gamma") for name in params) == backbone.endswith("scale")
    for name in [name for name in params if name.endswith(("beta", "gamma"))]:
        params[name] = torch.randn(6, generator=generator)
    x = torch.randn(7, *SHAPE, generator=generator)
    features = network.features(params, x, Norm())
    assert features.shape == (7, network.feature_size) == (7, VARIANTS[backbone])
    torch.testing.assert_close(features, plain(params, x, backbone), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("side", [14, 16, 17, 28, 105])
def test_the_flat_features_of_any_image_are_as_many_as_it_says(side: int) -> None:
    """A stride rounds a side up, where pooling rounds it down."""
    for backbone in ("conv4-2-flat", "conv4-2-pool") if side >= 16 else ("conv4-2-flat",):
        network = build(backbone, (1, side, side + 1), 0)
        params = network.init(torch.Generator().manual_seed(0))
        features = network.features(params, torch.rand(2, 1, side, side + 1), Norm())
        assert features.shape == (2, network.feature_size)


def test_the_mean_over_positions_is_that_of_the_flat_features() -> None:
    mean, flat = (build(name, SHAPE, 0) for name in ("conv4-6", "conv4-6-flat"))
    params = flat.init(torch.Generator().manual_seed(0))
    x = torch.randn(7, *SHAPE)
    apart = flat.features(params, x, Norm()).unflatten(1, (-1, 6))
    torch.testing.assert_close(mean.features(params, x, Norm()), apart.mean(1))


def test_nothing_but_a_scale_can_make_features_larger() -> None:
    """No later layer can take its place where features go straight into distances."""
    plain, scaled = (build(name, SHAPE, 0) for name in ("conv4-6-pool", "conv4-6-pool-scale"))
    params = scaled.init(torch.Generator().manual_seed(0))
    x = torch.randn(7, *SHAPE)
    torch.testing.assert_close(
        scaled.features(params, x, Norm()), plain.features(params, x, Norm())
    )
    twice = {**params, "norm4.gamma": 2 * params["norm4.gamma"]}
    features = scaled.features(params, x, Norm())
    torch.testing.assert_close(scaled.features(twice, x, Norm()), 2 * features)
    louder = {**params, "conv4.weight": 2 * params["conv4.weight"]}
    torch.testing.assert_close(
        plain.features(louder, x, Norm()), features, rtol=1e-2, atol=1e-2
    )  # but for the epsilon


@pytest.mark.parametrize("backbone", ["conv4-6-scale", "conv4-6-pool-scale"])
def test_statistics_that_were_seen_normalise_as_the_batch_did(backbone: str) -> None:
    network, norm, x = build(backbone, SHAPE, 0), Norm(seen={}), torch.randn(7, *SHAPE)
    params = network.init(torch.Generator().manual_seed(0))
    features = network.features(params, x, norm)
    assert norm.seen is not None
    running = network.features({**params, **norm.seen}, x, Norm(running=True))
    torch.testing.assert_close(running, features)


@pytest.mark.parametrize("name", ["conv4-6-wide", "conv4-pool", "conv4", "conv4-6-scale-pool"])
def test_a_variant_that_there_is_not_is_refused(name: str) -> None:
    with pytest.raises(MetabenchError, match="known are conv4-"):
        build(name, SHAPE, 0)


def test_an_image_that_is_too_small_to_be_pooled_four_times_is_refused() -> None:
    with pytest.raises(MetabenchError, match="15x20 are too small"):
        build("conv4-6-pool", (1, 15, 20), 0)
