"""Episodes: disjoint, shuffled, and without a hint in their order."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from metabench import random
from metabench.datasets.store import load_split, write_split
from metabench.episodes.fixed import load_episodes, write_episodes
from metabench.episodes.sampling import ImageSource, load_images
from metabench.errors import MetabenchError
from metabench.files.whole import read_array, read_json
from metabench.spec import DataSpec


@pytest.fixture
def source(blobs):
    return ImageSource(load_split(blobs / "data/blobs/train"))


def keys(count, seed=0):
    return random.fold_range(random.key(seed, "test"), count)


def test_support_and_queries_share_classes_and_no_image(source):
    support, query, labels = source.draw(keys(200), 5, 3, 4)
    for s, q, y in zip(support, query, labels, strict=True):
        assert not set(s.flatten().tolist()) & set(q.tolist())
        classes = source.labels[s]
        assert (classes == classes[:, :1]).all()
        assert len(set(classes[:, 0].tolist())) == 5
        assert torch.equal(source.labels[q], classes[y, 0])
        assert torch.bincount(y).tolist() == [4] * 5


def test_labels_are_shuffled_in_every_episode(source):
    """Each class has each label equally often: a label says nothing of the class."""
    support, _, _ = source.draw(keys(6000), 3, 1, 1)
    classes = source.labels[support[..., 0]]
    for c in range(12):
        counts = torch.stack([(classes[:, label] == c).sum() for label in range(3)])
        assert (counts - 500).abs().max() < 5 * (6000 / 12) ** 0.5


def test_the_order_of_the_queries_says_nothing_of_their_labels(source):
    _, _, labels = source.draw(keys(6000), 3, 1, 2)
    for position in range(6):
        counts = torch.bincount(labels[:, position], minlength=3)
        assert (counts - 2000).abs().max() < 5 * (6000 * 2 / 9) ** 0.5


def test_what_a_task_is_depends_on_its_key_alone(source):
    support, query, _ = source.draw(keys(50), 4, 2, 3)
    alone, alone_query, _ = source.draw(keys(50)[17:18], 4, 2, 3)
    assert torch.equal(support[17], alone[0])
    assert torch.equal(query[17], alone_query[0])


def test_within_a_group_all_classes_of_an_episode_are_of_one(blobs):
    split = load_split(blobs / "data/blobs/train")
    source = ImageSource(split, within_group=True)
    group_of = {c: name for name, members in split.groups().items() for c in members}
    support, _, _ = source.draw(keys(100), 5, 1, 1)
    groups = [{group_of[int(c)] for c in source.labels[s[:, 0]]} for s in support]
    assert all(len(g) == 1 for g in groups)
    assert len(set.union(*groups)) == 2


@pytest.mark.parametrize(("way", "shot", "query"), [(13, 1, 1), (3, 8, 3)])
def test_a_setting_that_the_split_cannot_serve_is_refused(source, way, shot, query):
    with pytest.raises(MetabenchError, match=r"blobs/train: cannot serve .*12 classes"):
        source.draw(keys(1), way, shot, query)


def test_pixels_are_those_of_the_images_between_0_and_1(source, blobs):
    task = source.episodes(keys(2), 3, 2, 1)
    images = load_split(blobs / "data/blobs/train").images
    support, _, _ = source.draw(keys(2), 3, 2, 1)
    expected = images[support[1].flatten().numpy()].transpose(0, 3, 1, 2) / 255
    np.testing.assert_allclose(task.support.x[1].numpy(), expected, rtol=1e-6)
    assert task.support.y[1].tolist() == [0, 0, 1, 1, 2, 2]


def test_episode_files_are_the_same_whenever_they_are_written(blobs, tmp_path):
    data = DataSpec("blobs", "nowhere", "classification")
    write_episodes(data, "test", 3, 2, 20, 4, 0, blobs / "data/blobs/test", tmp_path / "again")
    first, again = (
        read_json(p / "episodes.json") for p in (blobs / "episodes/test", tmp_path / "again")
    )
    assert first == again
    write_episodes(data, "test", 3, 2, 20, 4, 1, blobs / "data/blobs/test", tmp_path / "other")
    assert read_json(tmp_path / "other/episodes.json")["sha256"] != first["sha256"]


def test_images_come_from_disk_in_parts_and_are_those_on_disk(blobs, monkeypatch):
    images = load_split(blobs / "data/blobs/train").images
    monkeypatch.setattr("metabench.episodes.sampling.AT_ONCE", 7 * 16 * 16)
    loaded = load_images(images, "cpu")
    assert loaded.dtype == torch.uint8
    np.testing.assert_array_equal(loaded.numpy(), images.transpose(0, 3, 1, 2))


def test_a_data_set_may_have_its_pixels_normalised(blobs, tmp_path):
    """Episodes for training and those on file alike; the images on disk stay as they are."""
    split = load_split(blobs / "data/blobs/test")
    normalise = {"mean": [0.25], "std": [0.5]}
    source = ImageSource(replace(split, meta={**split.meta, "normalise": normalise}))
    plain, normal = ImageSource(split), source
    k = keys(2)
    x = plain.episodes(k, 3, 2, 1).query.x
    torch.testing.assert_close(normal.episodes(k, 3, 2, 1).query.x, (x - 0.25) / 0.5)
    torch.testing.assert_close(normal.examples(k).x, (plain.examples(k).x - 0.25) / 0.5)

    folder = tmp_path / "normal" / "test"
    meta = {"licence": "none", "source": "a test", "normalise": normalise}
    write_split(folder, split.images, split.labels, split.classes, meta)
    data = DataSpec("blobs", "nowhere", "classification")
    write_episodes(data, "test", 3, 2, 4, 4, 0, folder, tmp_path / "episodes")
    write_episodes(data, "test", 3, 2, 4, 4, 0, blobs / "data/blobs/test", tmp_path / "plain")
    images = load_images(split.images, "cpu")
    there = load_episodes(tmp_path / "episodes", images, "cpu", labels=False).tasks(0, 4)
    here = load_episodes(tmp_path / "plain", images, "cpu", labels=False).tasks(0, 4)
    torch.testing.assert_close(there.support.x, (here.support.x - 0.25) / 0.5)


def test_without_labels_episodes_hold_none(blobs):
    images = load_images(load_split(blobs / "data/blobs/test").images, "cpu")
    folder = blobs / "episodes/test"
    blind = load_episodes(folder, images, "cpu", labels=False)
    seeing = load_episodes(folder, images, "cpu", labels=True)
    assert "query_labels" not in blind.arrays
    assert (blind.tasks(0, 20).query.y == 0).all()
    assert np.array_equal(
        seeing.tasks(0, 20).query.y.numpy(), read_array(folder / "query_labels.npy")
    )


def test_a_data_set_that_comes_with_episodes_keeps_them(blobs, tmp_path):
    images = tmp_path / "test"
    images.symlink_to(blobs / "data/blobs/test")
    given = images.resolve() / "episodes"
    given.mkdir()
    try:
        for name, shape in {"support": (4, 3, 1), "query": (4, 6), "query_labels": (4, 6)}.items():
            np.save(given / f"{name}.npy", np.ones(shape, dtype=np.int64))
        data = DataSpec("blobs", "nowhere", "classification")
        write_episodes(data, "test", 3, 1, 20, 4, 0, images, tmp_path / "kept")
        alone = read_json(tmp_path / "kept/episodes.json")
        assert alone["episodes"] == 4
        np.save(given / "cluster.npy", np.array([0, 0, 1, 1], dtype=np.int32))
        write_episodes(data, "test", 3, 1, 20, 4, 0, images, tmp_path / "pairs")
        pairs = read_json(tmp_path / "pairs/episodes.json")
        assert pairs["clusters"] == [0, 0, 1, 1]
        assert "clusters" not in alone
        assert pairs["sha256"] == alone["sha256"]
        np.save(given / "cluster.npy", np.zeros(3, dtype=np.int32))
        with pytest.raises(MetabenchError, match=r"cluster.npy: shape \(3,\); .* \(4,\), is right"):
            write_episodes(data, "test", 3, 1, 20, 4, 0, images, tmp_path / "refused")
        with pytest.raises(MetabenchError, match="3-way 1-shot"):
            write_episodes(data, "test", 5, 1, 20, 4, 0, images, tmp_path / "refused")
    finally:
        for file in given.iterdir():
            file.unlink()
        given.rmdir()
