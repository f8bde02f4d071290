"""What does meta-training add to a learned optimiser? Its error step by step, before and after.

python tests/benchmarks/learned_optimizers.py meta_lstm sinusoid iterations=2000 outer_lr=0.003
python tests/benchmarks/learned_optimizers.py meta_lstm results/data/omniglot conv4-8 meta_batch=2

The sinusoid is 5-shot, a folder of prepared images 5-way 1-shot; the test split is drawn on as a
study draws it, with 300 episodes. Hyperparameters go over those of the algorithm's file.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import torch
import yaml

from metabench import random
from metabench.algorithm import Algorithm
from metabench.datasets.store import load_split
from metabench.episodes.fixed import EpisodeSet, load_episodes, open_source, write_episodes
from metabench.episodes.sampling import load_images
from metabench.learning import engine
from metabench.learning.assembly import make_algorithm
from metabench.learning.meta_testing import RECORDED, modes, run_episodes
from metabench.learning.outer_loop import OuterLoop
from metabench.machine.memory import keep_freed_memory
from metabench.spec import DataSpec, RunSpec
from metabench.trees import Params

EPISODES, QUERIES = 300, {"regression": 100, "classification": 1}


def main() -> None:
    """Print a line before and a line after meta-training."""
    torch.set_num_threads(1)
    keep_freed_memory()
    device = torch.device("cpu")
    name, data, *rest = sys.argv[1:]
    given = dict(word.split("=") for word in rest if "=" in word)
    backbone = next((word for word in rest if "=" not in word), "mlp-40-40")
    spec = specification(name, data, backbone, {k: yaml.safe_load(v) for k, v in given.items()})
    images = Path(data) if spec.data.task == "classification" else None
    source = open_source(spec.data, images / "train" if images else None, device)
    algorithm = make_algorithm(spec, source.input_shape, source.train_classes)
    outer = OuterLoop(algorithm.hp, algorithm.init(torch.Generator().manual_seed(spec.seed)))
    test = episodes(spec, images)
    report("untrained", algorithm, outer.params, test)
    key, begun = random.key(spec.seed, "meta-training"), time.process_time()
    for iteration in range(algorithm.hp.iterations):
        keys = random.fold_range(random.fold(key, iteration), algorithm.hp.meta_batch)
        tasks = algorithm.draw(source, keys)
        gradient, _ = engine.meta_gradient(algorithm, outer.params, tasks)
        outer.step(gradient, iteration)
        if iteration + 1 in (algorithm.hp.iterations // 4, algorithm.hp.iterations // 2):
            report(f"iteration {iteration + 1}", algorithm, outer.params, test)
    print(f"{algorithm.hp.iterations} iterations, {time.process_time() - begun:.0f} s of one core")
    report("trained", algorithm, outer.params, test)


def specification(name: str, data: str, backbone: str, given: dict[str, object]) -> RunSpec:
    """A run whose hyperparameters are the defaults of the algorithm's file, and those given."""
    about = yaml.safe_load(Path(f"config/algorithms/{name}.yaml").read_text())
    hp = about["defaults"]
    if data == "sinusoid":
        spec = DataSpec("sinusoid", "metabench.datasets.sinusoid", "regression")
        hp |= next(s["set"] for s in about["settings"] if s["where"] == {"task": "regression"})
    else:
        spec = DataSpec(Path(data).name, "", "classification")
    hp = {k: float(v) if isinstance(v, str) and v[0].isdigit() else v for k, v in hp.items()}
    way, shot = (1, 5) if data == "sinusoid" else (5, 1)
    cls = about["class"]
    return RunSpec("b", spec, way, shot, name, cls, 0, backbone, {**hp, **given}, 0)


def episodes(spec: RunSpec, images: Path | None) -> EpisodeSet:
    """Episodes of the test split, with their labels."""
    split = images / "test" if images else None
    queries = QUERIES[spec.data.task]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        write_episodes(spec.data, "test", spec.way, spec.shot, EPISODES, queries, 0, split, out)
        pictures = load_images(load_split(split).images, "cpu") if split else None
        return load_episodes(out, pictures, "cpu", labels=True)


def report(when: str, algorithm: Algorithm, params: Params, test: EpisodeSet) -> None:
    """Squared error or accuracy in % after recorded steps, and at the end in every mode."""
    in_modes = modes(algorithm, params, test)
    last = algorithm.hp.test_inner_steps
    ends, kept = run_episodes(algorithm, params, test, in_modes, RECORDED)
    y = test.tasks(0, len(test)).query.y

    def score(outputs: torch.Tensor) -> str:
        if algorithm.problem.task == "regression":
            return f"{float((outputs - y).square().mean()):.3g}"
        return f"{100 * float((outputs.argmax(-1) == y).float().mean()):.1f}"

    steps = zip((s for s in RECORDED if s <= last), kept, strict=True)
    print(f"{when}:", ", ".join(f"{step}: {score(outputs)}" for step, outputs in steps))
    print("   end:", ", ".join(f"{m} {score(e)}" for m, e in zip(in_modes, ends, strict=True)))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
