"""The whole workflow: killed, started twice, and given names that mean something to a shell."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from safetensors.numpy import load_file
from workflow_copy import PROJECT, Copy, copy_workflow, parse_jobs

from metabench.errors import MetabenchError
from metabench.study.config import load

pytestmark = pytest.mark.workflow

STUDY = """\
study: long
seeds: [0]
grid:
  - dataset: sinusoid_smoke
    settings: [5s]
    algorithms: [maml]
    set: {iterations: ITERATIONS, validate_every: 50}
"""
PATIENCE = 600  # seconds
LONG = 300  # iterations: seconds, in which there are many resume files
RUN = "results/runs/{study}/sinusoid_smoke/1w5s/maml/seed0"
EVIL = "a b;touch pwned;$(touch pwned)`touch pwned`'\"&|<>*?\\ ü√ \N{GREEK SMALL LETTER PHI}"
HOSTILE = [
    *(
        "a b",
        "a'b",
        'a"b',
        "a;b",
        "a|b",
        "a&b",
        "a>b",
        "$(touch pwned)",
        "`touch pwned`",
        "${HOME}",
    ),
    *("a\nb", "a\tb", "../up", "..", ".", "/etc", "a/b", "a\\b", "-rf", "~", "*", "{a}", "a%b"),
    *("ü", "\N{RIGHT-TO-LEFT OVERRIDE}a", "a" * 300, "", " ", "\N{NULL}"),
]


def study(name: str = "long", iterations: int = 30) -> str:
    return STUDY.replace("long", name).replace("ITERATIONS", str(iterations))


@contextmanager
def held(copy: Copy, model: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Snakemake with all of its jobs, halted once there is a new resume file; killed in the end."""
    resume, said = (copy.folder / model).with_name("resume.safetensors"), copy.folder / "first.txt"
    before = written(resume)
    with said.open("w") as log:
        first = subprocess.Popen(
            [sys.executable, "-m", "snakemake", "--cores", "1", model, *arguments],
            cwd=copy.folder, env=copy.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    try:
        while written(resume) in (0, before):
            assert first.poll() is None, said.read_text()
            time.sleep(0.05)
        os.killpg(first.pid, signal.SIGSTOP)
        yield first
    finally:
        with suppress(ProcessLookupError):
            os.killpg(first.pid, signal.SIGKILL)
        first.wait()


def written(path: Path) -> int:
    """When a file was written; 0 where there is none."""
    return path.stat().st_mtime_ns if path.exists() else 0


@pytest.mark.fault(
    "a second `snakemake` in the same folder for the same files",
    "Snakemake refuses: `Directory cannot be locked`; the first goes on",
    "nothing",
)
@pytest.mark.fault(
    "`snakemake` of another study beside it, on the same data",
    "it runs where data and episodes are made already, and is refused as above where they are not",
    "nothing",
)
@pytest.mark.fault(
    "SIGKILL for Snakemake and all of its jobs",
    "`snakemake --unlock`, as it says, and again; training goes on where it was",
    "what came after the last resume file, and jobs that were running",
)
def test_two_at_once_and_a_kill(copy: Copy) -> None:
    rule = copy.folder / "workflow" / "rules" / "train.smk"
    usual, often = " --memory-mb", " --resume-every 0.1 --memory-mb"
    copy.write(rule.read_text().replace(usual, often), str(rule))
    model, other = (f"{RUN.format(study=name)}/model.safetensors" for name in ("long", "other"))
    long = ["--configfile", copy.write(study(iterations=LONG))]
    beside = [other, "--configfile", copy.write(study("other", LONG), "other.yaml")]

    with held(copy, model, *long):  # from nothing: it makes the episodes that both need
        assert_refused(copy.snakemake(*beside))
    assert copy.snakemake("--unlock", *long).returncode == 0

    with held(copy, model, *long) as first:
        assert_refused(copy.snakemake(model, *long))
        done = copy.snakemake(*beside)
        assert done.returncode == 0, done.stdout
        os.killpg(first.pid, signal.SIGCONT)
        assert first.wait(PATIENCE) == 0, (copy.folder / "first.txt").read_text()
    log = copy.folder / "logs/long/sinusoid_smoke/1w5s/maml/seed0/train.log"
    assert "resuming after iteration" in log.read_text()
    ours, theirs = (load_file(copy.folder / name) for name in (model, other))  # of two studies
    assert ours.keys() == theirs.keys()
    assert all(ours[name].tobytes() == theirs[name].tobytes() for name in ours)


def assert_refused(done: subprocess.CompletedProcess[str]) -> None:
    """Snakemake did nothing, because another may be at the same files."""
    assert done.returncode == 1
    assert "cannot be locked" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.fault(
    "a study, data set or algorithm whose name a shell or a file system would misread: spaces, "
    "quotes, `;`, `$(...)`, newlines, `..`, `{}`, 300 letters, other alphabets",
    "refused in one line before any job",
    "nothing",
)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_means_something_else_is_refused(tmp_path: Path, name: str) -> None:
    quoted = '"' + "".join(f"\\U{ord(letter):08x}" for letter in name) + '"'
    places = ["study: long", "dataset: sinusoid_smoke", "algorithms: [maml]"]
    for place in places:
        word = place.split()[-1].strip("[]")
        (tmp_path / "study.yaml").write_text(study().replace(place, place.replace(word, quoted)))
        with pytest.raises(MetabenchError) as error:
            load(tmp_path / "study.yaml", PROJECT / "config")
        assert "\n" not in str(error.value)
        assert str(error.value).startswith(f"{tmp_path / 'study.yaml'}: ")


@pytest.mark.fault(
    "titles, the study's file, the project's folder and that of archives full of spaces, quotes, "
    "`;`, `$(...)`, backquotes and other alphabets",
    "harmless: the study runs to its page, and no shell sees more than one word",
    "nothing",
)
def test_hostile_texts_are_harmless_from_end_to_end(tmp_path: Path) -> None:
    folder = tmp_path / EVIL
    archives = folder / f"archives {EVIL}"
    archives.mkdir(parents=True)
    copy = copy_workflow(folder)
    text = f"title: {quoted_yaml(EVIL)}\narchives: {quoted_yaml(str(archives))}\n"
    name = copy.write(text + study(iterations=4), f"{EVIL}.yaml")
    for kind, file in (("datasets", "sinusoid_smoke"), ("algorithms", "maml")):
        path = folder / "config" / kind / f"{file}.yaml"
        lines = path.read_text().splitlines()
        titled = [f"title: {quoted_yaml(EVIL)}" if li.startswith("title:") else li for li in lines]
        path.write_text("\n".join(titled) + "\n")
    done = copy.snakemake("--configfile", name)
    assert done.returncode == 0, done.stdout
    assert {"train_maml", "evaluate", "page"} <= {job.rule for job in parse_jobs(done.stdout)}
    page = (folder / "reports/long/index.html").read_text(encoding="utf-8")
    assert "$(touch pwned)" in page  # as text
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.fault(
    "braces in the path of a study or of the project, which are Snakemake's wildcards",
    "refused in one line before any job",
    "nothing",
)
def test_braces_in_a_path_are_refused(copy: Copy) -> None:
    shown = copy.snakemake("--configfile", copy.write(study(), "{x}.yaml"))
    assert shown.returncode == 1
    assert shown.stdout.endswith(
        "{x}.yaml: Snakemake takes braces in a path for wildcards; rename it\n"
    )
    assert shown.stdout.count("\n") == 1


def quoted_yaml(text: str) -> str:
    """A text in YAML's single quotes."""
    return "'" + text.replace("'", "''") + "'"
