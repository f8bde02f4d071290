"""Every command that the documents show can be typed: each runs here, in a small way."""

from __future__ import annotations

import re
import shlex

import pytest
from documents import DOCUMENTS, blocks, commands
from test_studies import FILES
from workflow_copy import PROJECT, Copy, copy_workflow

from metabench.cli import make_parser

pytestmark = pytest.mark.workflow

# What a command becomes here, by how it begins; the first that fits.
SMALL = {
    "snakemake ": "snakemake --dry-run ",
    "make ": "make --dry-run ",
    "pytest": "pytest --version",
    "python tests/faults/many_kills.py ": "python -m py_compile tests/faults/many_kills.py # ",
    "python -m metabench.algorithms.hausdorff": "python -m metabench.algorithms.hausdorff --help",
    "metabench ": "metabench ",
}
# What is not run at all, and why.
LEFT_OUT = {
    "python3 -m venv ": "makes an environment: .ci/run does it",
    ". .venv/bin/activate": "enters that environment: .ci/run does it",
    "pip install ": "installs: .ci/run does it",
    "METABENCH_RUNS_PER_GPU=": "is for GPUs; what comes after it is shown by itself, too",
}
# Of these only the options are read.
READ = {
    "metabench speed ": "measures for minutes",
    "metabench speed-report ": "needs what was measured",
    "metabench partial ": "nothing has run; see test_partial.py",
    "metabench join ": "needs a report of one's own; see test_join.py",
}
# A study at its full length: Snakemake reads it with the code of `metabench check`, which takes a
# fraction of a dry run. test_plan.py has dry runs of studies; test_studies.py reads all of them.
WHOLE_STUDY = re.compile(r"snakemake --cores all --configfile config/(\S+)")
# From here on test_tutorial.py and test_cluster.py take over.
ELSEWHERE = {"tutorial.md": "\n## 4.", "cluster.md": "\n## Slurm"}


def shown() -> list[str]:
    """The commands of all documents, each once."""
    texts = [
        document.read_text(encoding="utf-8").partition(ELSEWHERE.get(document.name, "\0"))[0]
        for document in DOCUMENTS
    ]
    fences = [block for text in texts for block in blocks(text) if block.language == "sh"]
    return list(dict.fromkeys(command for block in fences for command in commands(block)))


def small(command: str) -> str:
    """What is run in the place of a command."""
    if whole := WHOLE_STUDY.fullmatch(command):
        return f"metabench check config/{whole[1]}"
    start = next(start for start in SMALL if command.startswith(start))
    done = SMALL[start]
    return done if done.endswith(("help", "version")) else done + command.removeprefix(start)


def is_read_elsewhere(command: str) -> bool:
    """Whether it runs a study of which test_studies.py has read the file; one is read here too."""
    whole = WHOLE_STUDY.fullmatch(command)
    return whole is not None and whole[1] in FILES and whole[1] != "smoke.yaml"


RUN = [
    command
    for command in shown()
    if not command.startswith((*LEFT_OUT, *READ)) and not is_read_elsewhere(command)
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """The project's folder as a reader has it, with nothing run."""
    copy = copy_workflow(tmp_path_factory.mktemp("read"))
    for name in ("Makefile", "tests", "docs", "README.md", "pyproject.toml"):
        (copy.folder / name).symlink_to(PROJECT / name)
    return copy


@pytest.mark.parametrize("command", RUN)
def test_a_command_that_is_shown_can_be_typed(place: Copy, command: str) -> None:
    done = place.run("bash", "-c", small(command))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("command", [c for c in shown() if c.startswith(tuple(READ))])
def test_the_options_of_a_command_that_is_shown_are_right(command: str) -> None:
    make_parser().parse_args(shlex.split(command)[1:])


def test_commands_are_found() -> None:
    assert "snakemake --cores all" in RUN
    assert "snakemake --cores all --configfile config/smoke.yaml" in RUN
    assert len(RUN) > 10
    for start in (*LEFT_OUT, *READ):
        assert any(command.startswith(start) for command in shown()), start
