"""What programs are given: the same images and episodes, and positions that say nothing."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from test_omniglot_challenge import made_up_runs

from metabench import random
from metabench.cli import main
from metabench.datasets import omniglot_challenge as challenge
from metabench.datasets.archives import Files
from metabench.datasets.store import write_split
from metabench.episodes.blind import shuffle
from metabench.episodes.fixed import write_episodes
from metabench.files.whole import write_json
from metabench.spec import DataSpec

CLASSES, DRAWINGS = 30, 20
Array = NDArray[np.int32]


class Seen(NamedTuple):
    """What a program is given."""

    images: NDArray[np.uint8]
    support: Array
    query: Array


class Made(NamedTuple):
    """Episodes as they are drawn, what programs are given of them, and the answers."""

    drawn: Seen
    blind: Seen
    labels: Array


def blind(split: Path, episodes: Path, out: Path) -> int:
    """The exit status of `metabench blind`."""
    return main(["blind", f"--images={split}", f"--episodes={episodes}", f"--out={out}"])


@pytest.mark.parametrize("beside", ["episodes.json", "meta.json"])
def test_a_description_of_nothing_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], beside: str
) -> None:
    write_json(tmp_path / "meta.json", {"sha256": "s"})
    write_json(tmp_path / beside, {})
    assert blind(tmp_path, tmp_path, tmp_path) == 1
    assert f"{tmp_path / beside}: no 'sha256'; needed: sha256" in capsys.readouterr().err


def seen(images: Path, episodes: Path) -> Seen:
    return Seen(np.load(images), *(np.load(episodes / f"{n}.npy") for n in ("support", "query")))


def draw(folder: Path, way: int, shot: int, count: int, queries: int) -> tuple[Path, Path, Path]:
    """Folders of a split of noise, sorted by class, of episodes, and of what programs are given."""
    split, episodes, out = folder / "noise" / "test", folder / "episodes", folder / "blind"
    labels = np.repeat(np.arange(CLASSES, dtype=np.int32), DRAWINGS)
    images = np.random.default_rng(0).integers(0, 256, (len(labels), 4, 4, 1), dtype=np.uint8)
    names = [f"noise/{number}" for number in range(CLASSES)]
    write_split(split, images, labels, names, {"licence": "", "source": ""})
    data = DataSpec("noise", "no.module", "classification")
    write_episodes(data, "test", way, shot, count, queries, 0, split, episodes)
    assert blind(split, episodes, out) == 0
    return split, episodes, out


def made(split: Path, episodes: Path, out: Path) -> Made:
    drawn, shuffled = seen(split / "images.npy", episodes), seen(out / "images.npy", out)
    return Made(drawn, shuffled, np.load(episodes / "query_labels.npy"))


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """500 5-way 1-shot episodes of images that are noise: only positions can say a class."""
    return made(*draw(tmp_path_factory.mktemp("noise"), 5, 1, 500, 5))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The one-shot challenge, with drawings that are made up."""
    folder = tmp_path_factory.mktemp("runs")
    split, episodes, out = folder / "challenge" / "test", folder / "episodes", folder / "blind"
    files, _ = made_up_runs()
    challenge.write_runs(Files(sorted(files), files.__getitem__), 28, split)
    data = DataSpec("challenge", challenge.__name__, "classification")
    write_episodes(data, "test", 20, 1, 20, 1, 0, split, episodes)
    assert blind(split, episodes, out) == 0
    for name in ("support", "query"):
        original = [
            np.load(images / "original.npy")[np.load(positions / f"{name}.npy")]
            for images, positions in ((split, episodes), (out, out))
        ]
        assert np.array_equal(*original)  # the drawings as published are in the same order
    return made(split, episodes, out)


def test_the_images_behind_the_positions_are_the_same(noise: Made, runs: Made) -> None:
    for drawn, shuffled, _ in (noise, runs):
        for name in ("support", "query"):
            before, after = getattr(drawn, name), getattr(shuffled, name)
            assert (before.shape, before.dtype) == (after.shape, after.dtype)
            assert np.array_equal(drawn.images[before], shuffled.images[after])


@pytest.mark.parametrize(("way", "shot", "count"), [(2, 1, 3), (5, 5, 40)])
def test_an_image_is_given_once_where_an_episode_shows_it_and_else_not(
    tmp_path: Path, way: int, shot: int, count: int
) -> None:
    drawn, shuffled, _ = made(*draw(tmp_path, way, shot, count, 2))
    before, after = (
        np.concatenate([s.support.ravel(), s.query.ravel()]) for s in (drawn, shuffled)
    )
    shown = len(np.unique(before))
    assert np.array_equal(np.unique(after), np.arange(shown))
    assert len(shuffled.images) == shown


def nearest_position(seen: Seen) -> Array:
    """The class of the support image that lies nearest to the query in `images.npy`."""
    distance = np.abs(seen.query[:, :, None] - seen.support[:, None, :, 0])
    return distance.argmin(-1)


def class_by_division(seen: Seen) -> Array:
    """The support image whose position divided by the drawings of a class is the query's."""
    same = seen.query[:, :, None] // DRAWINGS == seen.support[:, None, :, 0] // DRAWINGS
    return same.argmax(-1)


def one_before(seen: Seen) -> Array:
    """The support image that lies one before the query."""
    return (seen.query[:, :, None] == seen.support[:, None, :, 0] + 1).argmax(-1)


def rank(seen: Seen) -> Array:
    """The queries in the order of their positions, shared out to the classes in theirs."""
    ranks = seen.query.argsort(-1).argsort(-1) * seen.support.shape[1] // seen.query.shape[1]
    return np.take_along_axis(seen.support[:, :, 0].argsort(-1), ranks, axis=-1)


def order_of_the_queries(seen: Seen) -> Array:
    """The first queries are of the first class, and so on."""
    way, queries = seen.support.shape[1], seen.query.shape[1]
    return np.broadcast_to(np.arange(queries) * way // queries, seen.query.shape)


ATTACKS = [nearest_position, class_by_division, one_before, rank, order_of_the_queries]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("name", ["noise", "runs"])
def test_positions_and_their_order_say_nothing(request, name: str, attack) -> None:
    _, shuffled, labels = request.getfixturevalue(name)
    right = attack(shuffled) == labels
    chance = 1 / shuffled.support.shape[1]
    assert abs(right.mean() - chance) < 4 * (chance / right.size) ** 0.5


@pytest.mark.parametrize(
    ("name", "attack", "least"),
    [
        ("noise", nearest_position, 0.9),
        ("noise", class_by_division, 1.0),
        ("noise", rank, 1.0),
        ("runs", one_before, 1.0),
        ("runs", rank, 1.0),
    ],
)
def test_positions_in_sorted_images_say_it_all(request, name: str, attack, least: float) -> None:
    """Which is why programs are not given those; and the attacks above are able to attack."""
    drawn, _, labels = request.getfixturevalue(name)
    assert (attack(drawn) == labels).mean() >= least


def test_of_two_drawings_of_a_class_neither_lies_near_the_other(noise: Made) -> None:
    """Distances within a class have the distribution of those between classes."""
    _, shuffled, labels = noise
    distance = np.abs(shuffled.query[:, :, None] - shuffled.support[:, None, :, 0])
    own = labels[:, :, None] == np.arange(shuffled.support.shape[1])
    # Of two random places among n, n/3 on average, with a deviation of n/sqrt(18).
    error = len(shuffled.images) / (18 * own.sum()) ** 0.5
    assert abs(distance[own].mean() - distance[~own].mean()) < 4 * error


def nearest_pixels(seen: Seen) -> Array:
    """A program: the class of the support image that is nearest in its pixels."""
    shown = seen.images.reshape(len(seen.images), -1).astype(np.float64)
    predictions = np.empty_like(seen.query)
    for episode, queries in enumerate(seen.query):
        distances = np.square(shown[queries][:, None] - shown[seen.support[episode]].mean(1))
        predictions[episode] = distances.sum(-1).argmin(-1)
    return predictions


def test_a_program_that_compares_pixels_says_the_same(noise: Made, runs: Made) -> None:
    for drawn, shuffled, _ in (noise, runs):
        assert np.array_equal(nearest_pixels(drawn), nearest_pixels(shuffled))
    assert (nearest_pixels(runs.blind) == runs.labels).all()  # where both drawings are the same


def test_every_order_is_equally_likely() -> None:
    """Three images, each of the six orders."""
    support, query = np.array([[[7], [4]]], np.int32), np.array([[9]], np.int32)
    keys = random.fold_range(random.key(0, "orders"), 3000)
    orders = [tuple(shuffle(support, query, key)[0].tolist()) for key in keys]
    counts = [orders.count(order) for order in set(orders)]
    assert len(counts) == 6
    assert max(abs(count - 500) for count in counts) < 4 * 500**0.5


def test_the_order_is_that_of_the_episodes_and_written_twice_it_is_the_same(
    tmp_path: Path,
) -> None:
    split, episodes, out = draw(tmp_path, 5, 1, 20, 2)
    assert blind(split, episodes, tmp_path / "again") == 0
    names = ["images.npy", "query.npy", "support.npy"]
    assert sorted(file.name for file in out.iterdir()) == names
    for name in names:
        assert (out / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    support, query = (np.load(episodes / f"{name}.npy") for name in ("support", "query"))
    keys = [random.key(0, text) for text in ("one", "other")]
    orders = [torch.from_numpy(shuffle(support, query, key)[0]) for key in keys]
    assert not torch.equal(*orders)
    assert torch.equal(*(order.sort().values for order in orders))


def test_what_an_other_data_set_left_is_not_taken_for_this_one_s(tmp_path: Path) -> None:
    split, episodes, out = draw(tmp_path, 5, 1, 5, 2)
    (out / "original.npy").write_bytes(b"of drawings as published")
    assert blind(split, episodes, out) == 0
    assert not (out / "original.npy").exists()


def test_episodes_of_other_images_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    split, episodes, out = draw(tmp_path, 5, 1, 5, 2)
    images = np.zeros((40, 4, 4, 1), np.uint8)
    labels = np.repeat(np.arange(2, dtype=np.int32), 20)
    write_split(split, images, labels, ["a/1", "a/2"], {"licence": "", "source": ""})
    assert blind(split, episodes, out) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"metabench: error: {episodes}: episodes of images ")
    assert said.count("\n") == 1
