"""Every mistake in a configuration is one line: the file, the key, and what would be right."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from metabench.cli import main
from metabench.errors import MetabenchError
from metabench.files.config_tables import PUBLISHED, REASONS
from metabench.study.config import load, run_key
from metabench.study.plan import describe

PAPER = {"metric": "error", "value": "4.5", "paper": "A paper", "verified": "read"}
PEOPLE = {"key": "people", "dataset": "glyphs", "way": "20", "shot": "1", **PAPER}
BPL = {"key": "bpl", "dataset": "sinusoid", "way": "1", "shot": "5", **PAPER}


def table(columns: Collection[str], *rows: dict[str, str]) -> str:
    """CSV, with nothing in the fields that a row does not give."""
    lines = [columns, *([row.get(name, "") for name in columns] for row in rows)]
    return "".join(f"{','.join(line)}\n" for line in lines)


FILES = {
    "study.yaml": """\
study: tiny
seeds: [0, 1]
grid:
  - dataset: glyphs
    settings: [5w1s]
    algorithms: [maml, pretrain_finetune]
    set: {validate_every: 10}
    hyperparameters: {maml: {inner_lr: 0.2}}
  - dataset: sinusoid
    settings: [5s]
    algorithms: [maml]
""",
    "datasets/glyphs.yaml": """\
module: metabench.datasets.glyphs
task: classification
title: Glyphs
options: {characters: 10, test_alphabets: 3, val_alphabets: 3}
backbone: conv4-8
episodes: {seed: 0, test: 10, test_queries: 15, val: 5, val_queries: 5}
""",
    "datasets/alphabets.yaml": """\
module: metabench.datasets.glyphs
task: classification
title: Glyphs within an alphabet
options: {characters: 10}
within_group: true
backbone: conv4-8
episodes: {seed: 0, test: 10, test_queries: 15, val: 5, val_queries: 5}
""",
    "datasets/challenge.yaml": """\
module: metabench.datasets.omniglot_challenge
task: classification
title: Runs that are given
within_group: true
backbone: conv4-8
episodes: {seed: 0, test: 20, test_queries: 1, val: 5, val_queries: 5}
""",
    "datasets/sinusoid.yaml": """\
module: metabench.datasets.sinusoid
task: regression
title: Sinusoid
backbone: mlp-40-40
episodes: {seed: 0, test: 10, test_queries: 10, val: 5, val_queries: 10}
""",
    "algorithms/maml.yaml": """\
title: MAML
class: metabench.algorithms.maml:MAML
tasks: [classification, regression]
defaults: {iterations: 1001, inner_lr: 1e-2}
settings:
  - where: {task: classification}
    set: {inner_lr: 0.4, inner_steps: 5}
  - where: {dataset: [glyphs], way: 5, shot: 1}
    set: {inner_steps: 2}
  - where: {way: 20}
    set: {inner_steps: 3}
""",
    "algorithms/protonet.yaml": """\
title: Prototypical networks
class: metabench.algorithms.protonet:ProtoNet
tasks: [classification]
""",
    "algorithms/relation.yaml": """\
title: Relation networks
class: metabench.algorithms.relation:Relation
tasks: [classification]
""",
    "algorithms/pretrain_head.yaml": """\
title: Pre-training
class: metabench.algorithms.pretrain_head:PretrainHead
tasks: [classification]
defaults: {iterations: 100}
""",
    "algorithms/pretrain_finetune.yaml": """\
title: Pre-training, fine-tuned
class: metabench.algorithms.pretrain_finetune:PretrainFinetune
tasks: [classification, regression]
model_of: {classification: pretrain_head}
""",
    "algorithms/nearest_mean.yaml": """\
title: Nearest class mean
class: metabench.algorithms.pretrain_centroid:PretrainCentroid
tasks: [classification]
model_of: pretrain_finetune
""",
    "algorithms/scratch.yaml": """\
title: From scratch
class: metabench.algorithms.scratch:Scratch
tasks: [classification, regression]
""",
    "algorithms/nearest.yaml": """\
title: Nearest neighbour
external: true
deterministic: true
tasks: [classification]
role: neither
""",
    "published.csv": table(PUBLISHED, PEOPLE, BPL),
    "reasons.csv": table(REASONS, {"reason": "Because.", "source": "A paper"}),
}
STUDY = "study.yaml"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the files above, one of them with something replaced, and return the study's path."""

    def written(name: str = STUDY, old: str = "", new: str = "") -> Path:
        for file, text in FILES.items():
            path = tmp_path / file
            path.parent.mkdir(exist_ok=True)
            if file == name and old:
                assert old in text
                text = text.replace(old, new, 1)
            path.write_text(text)
        return tmp_path / STUDY

    return written


GLYPHS, SINUSOID = "datasets/glyphs.yaml", "datasets/sinusoid.yaml"
IN_GLYPHS = FILES[STUDY].partition("algorithms: ")[2].partition("\n  -")[0]
MAML, FINETUNE = "algorithms/maml.yaml", "algorithms/pretrain_finetune.yaml"

# What is wrong: the file, what is replaced by what, and what the error must say.
MISTAKES = {
    # the file itself
    "the same key twice": (STUDY, "seeds:", "study: b\nseeds:", [":2: key 'study'", "line 1"]),
    "the same key twice, deep": (STUDY, "maml: {inner_lr: 0.2}", "maml: {}, maml: {}", [":8: key"]),
    "a tab": (STUDY, "  - dataset: glyphs", "\t- dataset: glyphs", [":4: ", "spaces"]),
    "a bracket left open": (STUDY, "[0, 1]", "[0, 1", [":3: not YAML"]),
    "an empty file": (STUDY, FILES[STUDY], "# nothing\n", ["holds no keys", "key: value"]),
    "a tag that does not fit": (STUDY, "[0, 1]", "[!!int abc]", [":2: not what !!int says; leave"]),
    "a truth that is none": (STUDY, "seeds", "title: !!bool maybe\nseeds", [":2: not what !!bool"]),
    "what JSON has not": (STUDY, "{maml: {", "{maml: !!set {", [":8: !!set is nothing that"]),
    "a key that is a number": (STUDY, "inner_lr: 0.2", "a: {1: 2}", [":8: the key 1 is not"]),
    "an anchor in itself": (STUDY, "{inner_lr: 0.2}", "&a {b: *a}", [":8: an anchor (&)"]),
    "brackets without end": (STUDY, "[0, 1]", "[" * 3000 + "]" * 3000, ["nested too deep to be"]),
    # the study
    "a misspelt key": (STUDY, "seeds:", "sedes:", ["'sedes'", "did you mean 'seeds'"]),
    "a missing key": (STUDY, "study: tiny\n", "", ["'study' is missing"]),
    "a name with a slash": (STUDY, "study: tiny", "study: ../tiny", [": study: ", "lower-case"]),
    "a name with a space": (STUDY, "study: tiny", "study: my study", [": study: ", "lower-case"]),
    "no seeds": (STUDY, "[0, 1]", "[]", [": seeds: ", "[0, 1, 2]"]),
    "seeds that are no list": (STUDY, "[0, 1]", "3", [": seeds: 3", "a list"]),
    "a seed that is a text": (STUDY, "[0, 1]", "[0, one]", [": seeds[1]: 'one'", "whole number"]),
    "a negative seed": (STUDY, "[0, 1]", "[0, -1]", [": seeds[1]: -1", "at least 0"]),
    "a seed of more than 64 bits": (
        STUDY, "[0, 1]", "[0, 12345678901234567890123]",
        [":2: 12345678901234567890123 is too large", "at most 2^63 - 1 is right"],
    ),
    "a seed twice": (STUDY, "[0, 1]", "[0, 0]", [": seeds[1]: 0 is there twice"]),
    "a budget of nothing": (STUDY, "seeds:", "budget: 0\nseeds:", [": budget: 0", "above 0"]),
    "a budget above one": (STUDY, "seeds:", "budget: 2\nseeds:", [": budget: 2", "at most 1"]),
    "no such folder": (STUDY, "seeds:", "archives: /none\nseeds:", [": archives: '/none'"]),
    "no such folder here": (
        STUDY, "seeds:", "archives: raw\nseeds:", [f"(from where the command runs: {Path.cwd()}"],
    ),
    "the home of nobody": (
        STUDY, "seeds:", "archives: ~nobody-here/data\nseeds:", [": archives: '~nobody-here/data'"],
    ),
    "a grid that is no list": (STUDY, FILES[STUDY].split("grid:")[1], " {}", [": grid: {}"]),
    "images altered where there are none": (
        STUDY, "    settings: [5s]\n    algorithms: [maml]\n",
        "    settings: [5s]\n    algorithms: [maml]\n    set: {augment: affine}\n",
        [": grid[1].algorithms (maml): 'augment' is 'affine'", "none is right"],
    ),
    "of training, for what is tested on another's model": (
        STUDY, "{maml: {inner_lr: 0.2}}", "{pretrain_finetune: {iterations: 3}}",
        ["grid[0].hyperparameters.pretrain_finetune: 'iterations' is of meta-training",
         "write it under `pretrain_head`"],
    ),
    "a length that is none": (
        MAML, "tasks:", "length: theirs\ntasks:", [": length: no length 'theirs'; known: ours"],
    ),
    # a cell
    "a misspelt key in a cell": (
        STUDY, "    settings: [5w1s]", "    setings: [5w1s]",
        ["grid[0]: unknown key 'setings'", "'settings'"],
    ),
    "an unknown data set": (
        STUDY, "dataset: glyphs", "dataset: glyhps", ["grid[0].dataset", "did you mean 'glyphs'"],
    ),
    "an unknown algorithm": (
        STUDY, "[maml, pre", "[mamml, pre", ["grid[0].algorithms[0]", "did you mean 'maml'"],
    ),
    "an algorithm for another task": (
        STUDY, "[maml]", "[protonet]", ["grid[1].algorithms[0]", "for classification"],
    ),
    "an algorithm twice": (
        STUDY, "[maml, pre", "[maml, maml, pre", ["grid[0].algorithms[1]: 'maml' is there twice"],
    ),
    "the same runs twice": (
        STUDY, "  - dataset: sinusoid",
        "  - {dataset: glyphs, settings: [5w1s], algorithms: [maml]}\n  - dataset: sinusoid",
        ["grid[1]: maml on glyphs with 5w1s is in grid[0] already", "a label: maml--other"],
    ),
    "a label with a capital": (
        STUDY, "[maml, pre", "[maml--ResNet12, pre",
        ["grid[0].algorithms[0]: 'maml--ResNet12'", "lower-case letters", "maml--resnet12"],
    ),
    "a label with a space": (
        STUDY, "[maml, pre", "[maml--two steps, pre", ["grid[0].algorithms[0]: 'maml--two steps'"],
    ),
    "a label that is empty": (
        STUDY, "[maml, pre", "[maml--, pre", ["grid[0].algorithms[0]: 'maml--'", "a label of"],
    ),
    "a label that is a mode": (
        STUDY, "[maml, pre", "[maml--transductive, pre", ["tables call a mode so"],
    ),
    "a label of an unknown algorithm": (
        STUDY, "[maml, pre", "[mamml--deep, pre", ["no algorithm 'mamml'; did you mean 'maml'"],
    ),
    "hyperparameters under a label that is not here": (
        STUDY, "{maml: {inner_lr", "{maml--deep: {inner_lr",
        ["grid[0].hyperparameters: unknown key 'maml--deep'; known: maml, pretrain_"],
    ),
    "a setting that is none": (STUDY, "5w1s", "5way", ["grid[0].settings[0]: '5way'", "5w1s"]),
    "a single way": (STUDY, "5w1s", "1w1s", ["grid[0].settings[0]: '1s'", "2 ways or more"]),
    "trained in no setting of it": (
        STUDY, "settings: [5s]", "settings: [5s]\n    trained_in: 10s",
        ["grid[1].trained_in: '10s'", "one of the entry's own settings"],
    ),
    "trained for fewer classes": (
        STUDY, "settings: [5w1s]", "settings: [5w1s, 10w1s]\n    trained_in: 5w1s",
        ["grid[0].trained_in: a model of 5w1s cannot be tested in 10w1s", "an entry of their own"],
    ),
    "a setting without end": (STUDY, "5w1s", f"5w{'1' * 5000}s", ["'5w11111", "(5,005 letters)"]),
    "a meta-batch without end": (
        STUDY, "inner_lr: 0.2", "meta_batch: 9223372036854775807",
        ["grid[0].algorithms (maml): 737,", "examples in a meta-iteration; at most 1,000,000,000"],
    ),
    "ways in regression": (STUDY, "[5s]", "[5w5s]", ["grid[1].settings[0]: '5w5s'", "5s"]),
    "more ways than classes": (STUDY, "5w1s", "31w1s", ["grid[0].settings[0]", "at most 30 ways"]),
    "more drawings than there are": (
        STUDY, "5w1s", "5w6s", ["grid[0].settings[0]: 6 shots and 15 queries", "20 images"],
    ),
    "more ways than the largest group": (
        STUDY, "dataset: glyphs\n    settings: [5w1s]",
        "dataset: alphabets\n    settings: [11w1s]",
        ["grid[0].settings[0]: 11 ways", "largest group", "at most 10 ways"],
    ),
    "fewer ways than the episodes that the data come with": (
        STUDY, "dataset: glyphs\n", "dataset: challenge\n",
        ["grid[0].settings[0]: 5w1s", "its own test episodes", "20w1s is right"],
    ),
    "more training drawings than there are": (
        STUDY, "{inner_lr: 0.2}", "{train_shot: 10}", ["grid[0].algorithms (maml): 10 shots"],
    ),
    "an unknown backbone": (
        STUDY, "    settings: [5w1s]", "    backbone: resnet-18\n    settings: [5w1s]",
        ["grid[0]: backbone 'resnet-18'", "conv4-"],
    ),
    "a width of nothing": (SINUSOID, "mlp-40-40", "mlp-0", [": backbone 'mlp-0': '0' is no width"]),
    "a width without end": (
        GLYPHS, "conv4-8", "conv4-99999", ["'99999' is no width; a whole number from 1 to 10,000"],
    ),
    "a width that is no number": (GLYPHS, "conv4-8", "conv4-²", ["'conv4-²': '²' is no width; a"]),
    "a backbone that the algorithm cannot use": (
        STUDY, "pretrain_finetune]", "relation]",
        ["grid[0].algorithms[1]: backbone 'conv4-8'", "`backbone: conv4map-64`"],
    ),
    "a backbone for images where there are functions": (
        STUDY, "    settings: [5s]", "    backbone: conv4-16\n    settings: [5s]",
        ["grid[1]: backbone 'conv4-16' is for images", "mlp-40-40 or such is right"],
    ),
    "a residual one where there are functions": (
        STUDY, "    settings: [5s]", "    backbone: resnet18\n    settings: [5s]",
        ["grid[1]: backbone 'resnet18' is for images", "mlp-40-40 or such is right"],
    ),
    "an unknown published row": (
        STUDY, "    settings: [5w1s]", "    references: [peple]\n    settings: [5w1s]",
        ["grid[0].references[0]", "did you mean 'people'"],
    ),
    "a published row of another data set": (
        STUDY, "    settings: [5w1s]", "    references: [bpl]\n    settings: [5w1s]",
        ["grid[0].references[0]: no row of 'bpl' is for glyphs,", "for sinusoid: leave it out"],
    ),
    "a published row of another setting": (
        STUDY, "    settings: [5w1s]", "    references: [people]\n    settings: [5w1s]",
        ["grid[0].references[0]: no row of 'people' is for glyphs in 5w1s, and"],
    ),
    "a published number that is none": (
        "published.csv", "4.5", "4.5%", ["published.csv:2: value '4.5%'; a number such as"],
    ),
    "a reason without a source": (
        "reasons.csv", "A paper", "", ["reasons.csv:2: source ''; one line of text is right"],
    ),
    # hyperparameters
    "an unknown hyperparameter": (
        STUDY, "inner_lr: 0.2", "iner_lr: 0.2", ["grid[0].hyperparameters.maml", "'inner_lr'"],
    ),
    "one of the wrong type": (
        STUDY, "inner_lr: 0.2", "inner_steps: 1.5", ["'inner_steps' is 1.5", "a whole number"],
    ),
    "one out of range": (
        STUDY, "inner_lr: 0.2", "inner_lr: -1", ["'inner_lr' is -1", "above 0"],
    ),
    "one that not all here have": (
        STUDY, "{validate_every: 10}", "{inner_lr: 0.1}",
        [
            "grid[0].set (for pretrain_head): no hyperparameter 'inner_lr'",
            "; only maml has it: write it under hyperparameters: maml",
        ],
    ),
    "one that some here have": (
        STUDY, "{validate_every: 10}", "{test_inner_steps: 20}",
        [
            "grid[0].set (for pretrain_head): no hyperparameter 'test_inner_steps'",
            "; maml and pretrain_finetune have it: write it under hyperparameters: maml and p",
        ],
    ),
    "training with other classes than there are outputs": (
        STUDY, "inner_lr: 0.2", "train_way: 10", ["grid[0].hyperparameters.maml", "no hyperparam"],
    ),
    "a loss of no queries": (
        STUDY, "inner_lr: 0.2", "train_query: 0", ["'train_query' is 0", "at least 1"],
    ),
    "training for what is not trained": (
        STUDY, "[maml]", "[maml, scratch]\n    set: {iterations: 3}",
        ["grid[1].set (for scratch): 'iterations' is 3", "; scratch has no meta-training: an ent"],
    ),
    "a whole number without end": (
        STUDY, "inner_lr: 0.2", f"iterations: {'9' * 400}",
        [":8: 99999999999999999999... (400 digits) is too large", "at most 2^63 - 1 is right"],
    ),
    "a number without end": (
        STUDY, "inner_lr: 0.2", f"outer_lr: {'9' * 5000}", [":8: 99999999999999999999... (5000 d"],
    ),
    "what is set for all, and none here can be told": (
        STUDY, IN_GLYPHS, "[nearest]\n    set: {itterations: 10}",
        ["grid[0].set: here are external programs alone", "under hyperparameters: nearest"],
    ),
    "a length of an external program that is none": (
        STUDY, IN_GLYPHS, "[nearest]\n    hyperparameters: {nearest: {iterations: lots}}",
        ["grid[0].hyperparameters.nearest: iterations: 'lots'", "a whole number"],
    ),
    "those of an algorithm that is not here": (
        STUDY, "{maml: {inner_lr", "{mam: {inner_lr", ["grid[0].hyperparameters", "'maml'"],
    ),
    # the file of an algorithm
    "a class and no class": (MAML, "title", "external: true\ntitle", ["`class: package"]),
    "a module that is not there": (MAML, "algorithms.maml:", "algorithms.mml:", ["class: no mod"]),
    "a class that is not there": (MAML, ":MAML", ":MAMML", [": class: ", "did you mean 'MAML'"]),
    "a class that is no algorithm": (MAML, ":MAML", ":Batch", [": class: ", "is no algorithm"]),
    "a path that is no class": (MAML, ":MAML", "; rm -rf", [": class: ", "package.module:Class"]),
    "a default out of range": (MAML, "1e-2", "0", [": defaults: 'inner_lr' is 0"]),
    "an unknown task": (MAML, "regression]", "regresion]", [": tasks[1]", "'regression'"]),
    "an unknown role": (MAML, "title", "role: pretraining\ntitle", [": role: ", "'pre-training'"]),
    "an unknown condition": (MAML, "{way: 20}", "{ways: 20}", ["settings[2].where", "'way'"]),
    "one that never holds": (MAML, "[glyphs]", "[glyps]", ["settings[1].where", "'glyphs'"]),
    "one of nothing": (MAML, "{way: 20}", "{way: []}", ["where.way: [] is not", "one or more"]),
    "a backbone that no study can have": (
        MAML, "{way: 20}", "{backbone: conv44-64}", ["where.backbone", "did you mean 'conv4'"],
    ),
    "a name in capitals": (
        STUDY, "[maml, pre", "[MAML, pre", ["no algorithm 'MAML'; did you mean 'maml'"],
    ),
    "a letter that cannot be written": (
        STUDY, "seeds:", 'title: "a\\ud800b"\nseeds:', [": title: ", "one line of text is"],
    ),
    "an end of a line that is not seen": (
        STUDY, "seeds:", 'title: "a\\u2028b"\nseeds:', [": title: ", "one line of text is"],
    ),
    "a backbone without its width": (
        STUDY, "    settings: [5w1s]", "    backbone: conv4\n    settings: [5w1s]",
        ["grid[0]: backbone 'conv4': known are"],
    ),
    "a pattern of nothing": (MAML, "[glyphs]", "[glyf*]", ["settings[1].where", "'glyf*'"]),
    "a setting out of range": (MAML, "inner_steps: 3", "inner_steps: 0", ["settings[2].set: 'inn"]),
    "a model of nothing": (FINETUNE, "pretrain_head", "pretrained", [": model_of: no algorithm"]),
    "a model of a program": (FINETUNE, "pretrain_head", "nearest", ["'nearest' is an ext"]),
    "a model of what is tested on a third": (
        FINETUNE, "pretrain_head", "nearest_mean", ["model_of: 'nearest_mean' is itself tested on"],
    ),
    "a model from other seeds": (
        FINETUNE, "model_of", "deterministic: true\nmodel_of",
        ["'pretrain_head' is not deterministic, and 'pretrain_finetune' is: they would run from",
         "`deterministic: false` is right here"],
    ),
    # the file of a data set
    "an unknown option": (GLYPHS, "characters", "caracters", [": options: ", "'characters'"]),
    "an option out of range": (GLYPHS, "characters: 10", "characters: x", ["'characters'"]),
    "a data set of no task": (GLYPHS, "task: classification", "task: vision", [": task: no task"]),
    "a missing count": (SINUSOID, "val: 5, ", "", [": episodes: the key 'val' is missing"]),
    "a data set without episodes": (SINUSOID, "test: 10", "test: 0", [": episodes.test: 0"]),
    "a data set of functions with a backbone for images": (
        SINUSOID, "mlp-40-40", "conv4map-16", [": backbone 'conv4map-16' is for images", "mlp-40"],
    ),
    "episodes from a seed of more than 64 bits": (
        SINUSOID, "seed: 0", "seed: 9223372036854775808", [":5: 9223372036854775808 is too large"],
    ),
    "a module that is no data set": (
        GLYPHS, "metabench.datasets.glyphs", "json",
        [": module: json has no check, archives, sizes, prepare, needed", "docs/data.md"],
    ),
    "a module of functions for images": (
        SINUSOID, "task: regression", "task: classification",
        [": module: metabench.datasets.sinusoid has no archives", "`task: regression` is right"],
    ),
    "a module of images for functions": (
        GLYPHS, "task: classification", "task: regression",
        [": module: metabench.datasets.glyphs has no source", "`task: classification` is right"],
    ),
    "a data set's module": (SINUSOID, "datasets.sinusoid", "datasets.sine", ["module: no mod"]),
}  # fmt: skip


@pytest.mark.fault(
    "a key that is misspelt, missing or there twice",
    "one line with file, key and what would be right, before any job",
    "nothing",
)
@pytest.mark.fault(
    "a file that is not YAML: a tab, an open bracket, nothing at all",
    "one line with file, key and what would be right, before any job; of a study, by `metabench "
    "check`: `snakemake` reads it first, and refuses it in its own words",
    "nothing",
)
@pytest.mark.fault(
    "an algorithm, data set, backbone or published row that there is not",
    "one line with file, key and what would be right, before any job, with the nearest name",
    "nothing",
)
@pytest.mark.fault(
    "a hyperparameter of the wrong type, out of its range, or of another algorithm",
    "one line with file, key and what would be right, before any job",
    "nothing",
)
@pytest.mark.fault(
    "a setting that the data cannot serve: more ways than classes, more shots than images",
    "one line with file, key and what would be right, before any job",
    "nothing",
)
@pytest.mark.fault(
    "a module or class of Python that is not there, or has no hyperparameters",
    "one line with file, key and what would be right, before any job",
    "nothing",
)
@pytest.mark.fault(
    "the same runs asked for twice",
    "one line with file, key and what would be right, before any job",
    "nothing",
)
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_with_file_key_and_remedy(
    write: Write, tmp_path: Path, mistake: str
) -> None:
    name, old, new, expected = MISTAKES[mistake]
    study = write(name, old, new)
    with pytest.raises(MetabenchError) as error:
        load(study, tmp_path)
    message = str(error.value)
    print(message)
    assert "\n" not in message
    assert message.startswith(f"{tmp_path / name}:")
    for part in expected:
        assert part in message


@pytest.mark.fault(
    "a study that is not there",
    "one line that names it, by `metabench check`; `snakemake` names it below a traceback",
    "nothing",
)
def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MetabenchError, match=r"none\.yaml: no such file"):
        load(tmp_path / "none.yaml")


def test_the_file_of_an_algorithm_that_leads_nowhere_or_ends_otherwise_is_named(
    write: Write, tmp_path: Path
) -> None:
    study, file = write(), tmp_path / MAML
    file.rename(file.with_suffix(".yml"))
    with pytest.raises(
        MetabenchError, match=r"no algorithm 'maml'; .*/maml\.yml is to end in \.yaml"
    ):
        load(study, tmp_path)
    file.symlink_to(tmp_path / "nowhere")
    with pytest.raises(MetabenchError, match=r"algorithms/maml\.yaml: no such file"):
        load(study, tmp_path)


def test_a_folder_in_place_of_a_study_is_named(tmp_path: Path) -> None:
    with pytest.raises(MetabenchError, match=r": is a folder; a file is right, such as config/"):
        load(tmp_path)


def test_no_is_a_word(write: Write, tmp_path: Path) -> None:
    """As in YAML 1.2; only true and false are truths."""
    assert load(write(STUDY, "seeds:", "title: no\nseeds:"), tmp_path).asked.title == "no"


def test_a_condition_on_the_backbone_may_be_a_pattern(write: Write, tmp_path: Path) -> None:
    for pattern, steps in (("conv4-*", 3), ("conv4map*", 2)):  # glyphs are seen by conv4-8
        study = write(MAML, "{way: 20}", f"{{backbone: {pattern}}}")
        ours = next(m for m in load(study, tmp_path).models if m.data.name == "glyphs")
        assert (ours.algorithm, ours.hyperparameters["inner_steps"]) == ("maml", steps)


def test_a_study_is_every_cell_from_every_seed(write: Write, tmp_path: Path) -> None:
    study = load(write(), tmp_path)
    runs = [(r.data.name, r.way, r.shot, r.algorithm, r.seed) for r in study.runs]
    assert runs == [
        ("glyphs", 5, 1, "maml", 0),
        ("glyphs", 5, 1, "maml", 1),
        ("glyphs", 5, 1, "pretrain_finetune", 0),
        ("glyphs", 5, 1, "pretrain_finetune", 1),
        ("sinusoid", 1, 5, "maml", 0),
        ("sinusoid", 1, 5, "maml", 1),
    ]
    asked = {(e.dataset, e.split, e.way, e.shot, e.count, e.queries) for e in study.episodes}
    assert asked == {
        ("glyphs", "val", 5, 1, 5, 5),
        ("glyphs", "test", 5, 1, 10, 15),
        ("sinusoid", "val", 1, 5, 5, 10),
        ("sinusoid", "test", 1, 5, 10, 10),
    }


def test_an_algorithm_may_be_tested_on_the_model_of_another(write: Write, tmp_path: Path) -> None:
    study = load(write(), tmp_path)
    trained = {(model.data.name, model.algorithm) for model in study.models}
    assert trained == {("glyphs", "maml"), ("glyphs", "pretrain_head"), ("sinusoid", "maml")}
    fine_tuned = next(run for run in study.runs if run.algorithm == "pretrain_finetune")
    assert study.model_of[run_key(fine_tuned)] == ("glyphs", 5, 1, "pretrain_head", 0)
    assert fine_tuned.published_iterations == 100  # the protocol of what is trained


def test_a_run_on_another_s_model_says_how_that_was_trained(write: Write, tmp_path: Path) -> None:
    own = "{maml: {inner_lr: 0.2}, pretrain_head: {iterations: 7, outer_lr: 0.5}}"
    study = load(write(STUDY, "{maml: {inner_lr: 0.2}}", own), tmp_path)
    fine_tuned = next(run for run in study.runs if run.algorithm == "pretrain_finetune")
    assert fine_tuned.hyperparameters["iterations"] == 7
    assert fine_tuned.hyperparameters["outer_lr"] == 0.5
    assert "test_lrs" in fine_tuned.hyperparameters


def test_a_label_names_an_algorithm_a_second_time(write: Write, tmp_path: Path) -> None:
    """On the same data in the same setting, with another network and values of its own."""
    second = (
        "  - dataset: glyphs\n    backbone: conv4-16\n    settings: [5w1s]\n"
        "    algorithms: [maml--conv4-16, maml--three_steps]\n"
        "    hyperparameters: {maml--three_steps: {inner_steps: 3}}\n"
    )
    study = load(write(STUDY, "  - dataset: sinusoid", f"{second}  - dataset: sinusoid"), tmp_path)
    runs = {run.algorithm: run for run in study.runs if run.data.name == "glyphs"}
    first, wide, long = (runs[n] for n in ("maml", "maml--conv4-16", "maml--three_steps"))
    assert [run.title for run in (first, wide, long)] == [
        *("MAML", "MAML, conv4-16", "MAML, three steps"),
    ]
    assert [run.backbone for run in (first, wide, long)] == ["conv4-8", "conv4-16", "conv4-16"]
    assert [run.hyperparameters["inner_steps"] for run in (first, wide, long)] == [2, 2, 3]
    assert [run.hyperparameters["inner_lr"] for run in (first, wide, long)] == [0.2, 0.4, 0.4]
    assert {run.algorithm_class for run in (first, wide, long)} == {first.algorithm_class}
    assert {run.published_iterations for run in (first, wide, long)} == {1001}
    assert study.model_of[run_key(wide)] == run_key(wide)


def test_what_has_a_label_is_tested_on_the_model_with_that_label(
    write: Write, tmp_path: Path
) -> None:
    study = load(
        write(STUDY, "pretrain_finetune]", "pretrain_finetune, pretrain_finetune--again]"), tmp_path
    )
    trained = [key[3] for run, key in study.model_of.items() if run[3].startswith("pretrain")]
    assert set(trained) == {"pretrain_head", "pretrain_head--again"}
    assert {run_key(model) for model in study.models} >= set(study.model_of.values())


def test_a_file_s_own_name_has_no_label(write: Write, tmp_path: Path) -> None:
    study = write(STUDY, "[maml, pre", "[maml--mine, pre")
    file = tmp_path / "algorithms/maml--mine.yaml"
    file.write_text(FILES[MAML])
    with pytest.raises(MetabenchError, match="its name: 'maml--mine' is not right here; one with"):
        load(study, tmp_path)


def test_a_length_of_ours_is_no_published_one(write: Write, tmp_path: Path) -> None:
    """A rule with iterations of its own says of them alone whose they are."""

    def published(old: str = "", new: str = "") -> int:
        study = load(write(MAML, old, new), tmp_path)
        runs = (run for run in study.runs if run.data.name == "glyphs" and run.algorithm == "maml")
        return next(runs).published_iterations

    rule = "    set: {inner_steps: 2}"
    nine = "length: ours\nsettings:\n  - where: {dataset: glyphs}\n    set: {iterations: 9}\n"
    assert published() == 1001
    assert published("settings:\n", "length: ours\nsettings:\n") == 0
    assert published(rule, f"{rule}\n    length: ours") == 0
    assert published("settings:\n", nine) == 9


def test_what_looks_like_a_date_is_a_text(write: Write, tmp_path: Path) -> None:
    for day in ("2026-02-28", "2026-02-30"):
        assert load(write(STUDY, "seeds", f"title: {day}\nseeds"), tmp_path).asked.title == day


def test_a_star_in_a_condition_is_any_letters(write: Write, tmp_path: Path) -> None:
    def steps(datasets: str) -> int:
        study = load(write(MAML, "[glyphs]", datasets), tmp_path)
        runs = (run for run in study.runs if run.data.name == "glyphs" and run.algorithm == "maml")
        return int(next(runs).hyperparameters["inner_steps"])

    assert [steps(those) for those in ("[glyphs]", "gly*", "[sinusoid, g*s]")] == [2, 2, 2]
    assert [steps(those) for those in ("sinusoid", "sin*", "[s*]")] == [5, 5, 5]


def test_one_model_may_be_tested_with_every_number_of_shots(write: Write, tmp_path: Path) -> None:
    """It is trained, validated and has the hyperparameters as in the setting that is named."""
    shots = "settings: [5s, 10s, 20s]\n    trained_in: 10s"
    study = load(write(STUDY, "settings: [5s]", shots), tmp_path)
    runs = [run for run in study.runs if run.data.name == "sinusoid" and run.seed == 1]
    assert [run.shot for run in runs] == [5, 10, 20]
    model = ("sinusoid", 1, 10, "maml", 1)
    assert {study.model_of[run_key(run)] for run in runs} == {model}
    trained = {run_key(model): model for model in study.models if model.data.name == "sinusoid"}
    assert set(trained) == {("sinusoid", 1, 10, "maml", 0), model}
    assert all(run.hyperparameters == trained[model].hyperparameters for run in runs)
    asked = {(e.split, e.shot) for e in study.episodes if e.dataset == "sinusoid"}
    assert asked == {("val", 10), ("test", 5), ("test", 10), ("test", 20)}


def test_a_deterministic_external_program_runs_once_and_is_not_trained(
    write: Write, tmp_path: Path
) -> None:
    study = load(write(STUDY, "[maml, pretrain_finetune]", "[nearest, maml]"), tmp_path)
    assert [run.seed for run in study.runs if run.algorithm == "nearest"] == [0]
    assert "nearest" not in {model.algorithm for model in study.models}


def test_what_a_program_is_taken_for_must_be_said(write: Write, tmp_path: Path) -> None:
    study = write(STUDY, "[maml, pretrain_finetune]", "[nearest, maml]")
    assert load(study, tmp_path).algorithms["nearest"].role == "neither"
    file = tmp_path / "algorithms/nearest.yaml"
    file.write_text(file.read_text().replace("role: neither\n", ""))
    with pytest.raises(MetabenchError) as error:
        load(study, tmp_path)
    assert str(error.value) == (
        f"{file}: the key 'role' is missing, which a program needs; add `role: ...`, one of "
        "meta-learning, pre-training, neither"
    )


def test_the_study_goes_over_the_published_values_and_those_over_the_defaults(
    write: Write, tmp_path: Path
) -> None:
    images, functions = (
        next(r for r in load(write(), tmp_path).models if r.data.name == name).hyperparameters
        for name in ("glyphs", "sinusoid")
    )
    assert functions["inner_lr"] == 0.01  # the default, written 1e-2
    assert functions["inner_steps"] == 1  # the class's own
    assert images["inner_steps"] == 2  # the last setting that matches
    assert images["inner_lr"] == 0.2  # the study's
    assert images["validate_every"] == 10  # the study's, for all
    assert functions["validate_every"] == 500


def test_a_budget_is_a_share_of_the_iterations_rounded_up(write: Write, tmp_path: Path) -> None:
    study = load(write(STUDY, "seeds:", "budget: 1e-2\nseeds:"), tmp_path)
    run = next(run for run in study.models if run.algorithm == "maml")
    assert run.hyperparameters["iterations"] == 11
    assert run.published_iterations == 1001


def test_a_budget_shortens_what_schedules_count_in_iterations_and_nothing_else(
    write: Write, tmp_path: Path
) -> None:
    """A step size that is halved ten times in full is halved ten times in a tenth of it."""
    own = "{maml: {iterations: 20000, halve_every: 2000, validate_every: 500}}"

    def maml(budget: str) -> dict[str, object]:
        study = write(STUDY, "{maml: {inner_lr: 0.2}}", own)
        study.write_text(f"budget: {budget}\n{study.read_text()}")
        return load(study, tmp_path).models[0].hyperparameters

    whole, tenth = maml("1.0"), maml("0.1")
    changed = {name: value for name, value in tenth.items() if whole[name] != value}
    assert changed == {"iterations": 2000, "halve_every": 200}
    assert maml("0.07")["halve_every"] == 140  # though 0.07 * 2000 is more than that
    assert maml("1e-5")["halve_every"] == 1
    assert maml("0.01")["validate_every"] == 50  # four checkpoints of 200 iterations


def test_a_run_on_another_s_model_has_its_shortened_schedule(write: Write, tmp_path: Path) -> None:
    study = load(write(STUDY, "seeds:", "budget: 0.1\nseeds:"), tmp_path)
    trained = {run_key(model): model.hyperparameters for model in study.models}
    fine_tuned = next(run for run in study.runs if run.algorithm == "pretrain_finetune")
    of_model = trained[study.model_of[run_key(fine_tuned)]]
    for name in ("iterations", "halve_every", "validate_every"):
        assert fine_tuned.hyperparameters[name] == of_model[name]
    assert of_model["halve_every"] == 200


def test_the_largest_seed_is_2_to_the_63_less_1(write: Write, tmp_path: Path) -> None:
    seeds = load(write(STUDY, "[0, 1]", "[9223372036854775807, 007]"), tmp_path).asked.seeds
    assert seeds == (2**63 - 1, 7)


def test_specifications_survive_json(write: Write, tmp_path: Path) -> None:
    for run in load(write(), tmp_path).runs:
        assert type(run).from_json(run.to_json()) == run


def test_two_algorithms_of_one_title_are_refused(write: Write, tmp_path: Path) -> None:
    title = FILES[MAML].partition("title: ")[2].partition("\n")[0]
    other = FILES[FINETUNE].partition("title: ")[2].partition("\n")[0]
    study = write(FINETUNE, f"title: {other}", f"title: {title}")
    with pytest.raises(MetabenchError, match="tables could not tell the two apart"):
        load(study, tmp_path)


def test_a_published_row_of_one_of_the_settings_is_shown(write: Write, tmp_path: Path) -> None:
    both = "settings: [5w1s, 20w1s]\n    references: [people]"
    asked = load(write(STUDY, "settings: [5w1s]", both), tmp_path).asked
    assert asked.grid[0].references == ("people",)


def test_files_beside_the_study_come_before_the_projects(write: Write, tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "algorithms").mkdir(parents=True)
    (project / "algorithms" / "maml.yaml").write_text("title: another\n")
    assert load(write(), project).algorithms["maml"].title == "MAML"


def test_a_check_prints_what_a_study_asks_for(write: Write, tmp_path: Path) -> None:
    text = describe(load(write(), tmp_path))
    assert "glyphs 5w1s, conv4-8: maml, pretrain_finetune" in text
    assert "6 runs, 6 models to train, 4,204 meta-iterations" in text


def test_the_command_line_says_an_error_in_one_line(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    study = write(STUDY, "seeds:", "sedes:")
    assert main(["check", str(study)]) == 1
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith(f"metabench: error: {study}: unknown key 'sedes'")
    assert err.count("\n") == 1


def test_away_from_the_project_it_is_said_that_there_is_no_such_folder(
    write: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    study = tmp_path / "elsewhere" / "study.yaml"
    study.parent.mkdir()
    write().rename(study)
    monkeypatch.chdir(study.parent)
    assert main(["check", "study.yaml"]) == 1
    said = capsys.readouterr().err
    assert "study.yaml: no folder config here; run metabench" in said
    assert "in the project's folder, or name its folder config with --config" in said
    assert main(["check", "study.yaml", "--config", str(tmp_path)]) == 0
    assert "glyphs 5w1s" in capsys.readouterr().out


def test_a_study_that_needs_archives_needs_the_folder_that_the_environment_names(
    write: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("METABENCH_DATA", str(tmp_path / "gone"))
    assert main(["check", str(write()), "--config", str(tmp_path)]) == 0  # all of it is made here
    study = write(STUDY, "glyphs\n    settings: [5w1s]", "challenge\n    settings: [20w1s]")
    capsys.readouterr()
    assert main(["check", str(study), "--config", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        f"metabench: error: METABENCH_DATA: no such folder: {tmp_path / 'gone'}; "
        "name a folder that is there, or unset it\n"
    )
    study.write_text(f"archives: {tmp_path}\n{study.read_text()}")  # no other is looked in
    assert main(["check", str(study), "--config", str(tmp_path)]) == 0


@pytest.mark.fault("Ctrl-C", "the command ends without a word, with status 130", "as for SIGKILL")
def test_an_interrupt_is_quiet(
    write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("metabench.study.config.load", interrupted)
    assert main(["check", str(write())]) == 130
    assert capsys.readouterr() == ("", "")


def test_a_check_loads_neither_torch_nor_pandas(write: Write) -> None:
    code = (
        "import sys; from metabench.cli import main; main(sys.argv[1:]); "
        "print({'torch', 'torch.nn', 'pandas'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code, "check", str(write())]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert shown.stdout.endswith("set()\n")
