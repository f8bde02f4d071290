"""What the project keeps of a study is enough to make its tables again."""

import shutil

import fake_study
import pandas as pd
import pytest
import yaml

from metabench.docs.record import STATES, papers_of, record
from metabench.errors import MetabenchError
from metabench.files.runs import KEY, RESUME
from metabench.report.data import CURVES, GAP_COLUMNS, GAPS, RUNS, SCORES, STEPS
from metabench.report.tables import write_tables


@pytest.fixture
def undrawn(monkeypatch):
    """No figure is drawn, which takes longest."""
    monkeypatch.setattr("metabench.docs.record.draw_figures", lambda *asked: {})


UNDRAWN = pytest.mark.usefixtures("undrawn")


@UNDRAWN
def test_a_record_makes_the_same_tables_as_the_report(fresh):
    report, project = fresh["report"], fresh["results"].parent
    fake_study.collect({**fresh, "report": report})
    write_tables(report, fake_study.STUDY)
    there = record(fresh["study"], report, project)
    assert there == project / "docs/reproduction/fake"
    tables = sorted((report / "tables").iterdir())
    assert len(tables) > 10
    for table in tables:
        assert (there / "tables" / table.name).read_bytes() == table.read_bytes()


@UNDRAWN
def test_a_record_has_the_curve_of_every_run_that_trained(fresh):
    fake_study.collect(fresh)
    there = record(fresh["study"], fresh["report"], fresh["results"].parent)
    curves = pd.read_csv(there / "curves.csv.gz")
    histories = sorted(fresh["runs"].glob("**/history.csv"))
    assert curves.groupby(KEY).ngroups == len(histories) > 1
    assert len(curves) == sum(len(pd.read_csv(history)) for history in histories)


@UNDRAWN
def test_a_run_that_was_ended_early_leaves_what_it_goes_on_from(fresh):
    fake_study.collect(fresh)
    run = next(file.parent for file in sorted(fresh["runs"].glob("**/history.csv")))
    (run / RESUME).write_bytes(b"a state")
    there = record(fresh["study"], fresh["report"], fresh["results"].parent)
    kept = there / STATES / run.relative_to(fresh["runs"]) / RESUME
    assert [file for file in (there / STATES).rglob("*") if file.is_file()] == [kept]
    assert kept.read_bytes() == b"a state"
    shutil.move(run, away := run.with_name("elsewhere"))  # a report of other runs tells nothing
    record(fresh["study"], fresh["report"], fresh["results"].parent)
    assert kept.exists()
    shutil.move(away, run)
    (run / RESUME).unlink()  # now it is whole
    record(fresh["study"], fresh["report"], fresh["results"].parent)
    assert not kept.exists()


def test_a_report_that_lacks_a_file_is_named(fresh):
    with pytest.raises(MetabenchError, match=r"scores\.csv\.gz: no such file"):
        record(fresh["study"], fresh["report"], fresh["results"].parent)


def taken_out(report, algorithm):
    """Make a report partial: as if the runs of an algorithm had not been there."""
    runs = pd.read_csv(report / RUNS)
    gone = runs[runs["algorithm"] == algorithm]
    gone.assign(why="not begun")[GAP_COLUMNS].to_csv(report / GAPS, index=False)
    for name in (SCORES, STEPS, CURVES, RUNS):
        rows = pd.read_csv(report / name)
        rows[rows["algorithm"] != algorithm].to_csv(report / name, index=False)


def test_a_record_grows_by_the_runs_of_another_report(fresh):
    project = fresh["results"].parent
    fake_study.collect(fresh)
    whole = record(fresh["study"], fresh["report"], project)
    tables = {file.name: file.read_bytes() for file in (whole / "tables").iterdir()}
    shutil.rmtree(whole)
    for algorithm in ("maml", "protonet"):  # each report lacks what the other has
        fake_study.collect(fresh)
        taken_out(fresh["report"], algorithm)
        there = record(fresh["study"], fresh["report"], project)
        assert (there / GAPS).exists() == (algorithm == "maml")
    assert {file.name: file.read_bytes() for file in (there / "tables").iterdir()} == tables
    assert {"accuracy", "cost", "error", "steps", "training"} <= {
        file.stem.partition("-")[0] for file in (there / "figures").glob("*.svg")
    }


@pytest.fixture
def lacking(fresh, undrawn):
    """A record of all runs, made of a report that lacks those of an algorithm by now."""
    fake_study.collect(fresh)
    there = record(fresh["study"], fresh["report"], fresh["results"].parent)
    taken_out(fresh["report"], "protonet")
    return there


def test_a_record_forgets_a_run_that_the_study_asks_for_no_more(fresh, lacking):
    gaps = fresh["report"] / GAPS
    gaps.write_text(gaps.read_text().splitlines()[0] + "\n")
    there = record(fresh["study"], fresh["report"], fresh["results"].parent)
    assert there == lacking
    assert "protonet" not in set(pd.read_csv(there / RUNS)["algorithm"])


def test_runs_of_other_episodes_are_not_added_to_a_record(fresh, lacking):
    before = (lacking / RUNS).read_bytes()
    runs = fresh["report"] / RUNS
    runs.write_text(runs.read_text().replace("e" * 64, "f" * 64))
    with pytest.raises(MetabenchError, match="20w1s was tested on other episodes: eeeeeeeeeeee"):
        record(fresh["study"], fresh["report"], fresh["results"].parent)
    assert (lacking / RUNS).read_bytes() == before


def test_runs_that_the_study_asks_for_otherwise_by_now_do_not_stand_under_it(fresh, lacking):
    before = (lacking / RUNS).read_bytes()
    text = fresh["study"].read_text()
    asked = yaml.safe_load(text)
    asked["grid"][1]["hyperparameters"] = {"protonet": {"outer_lr": 0.5}}
    fresh["study"].write_text(yaml.safe_dump(asked))
    with pytest.raises(MetabenchError, match=r"protonet on omniglot_challenge_small1 20w1s were"):
        record(fresh["study"], fresh["report"], fresh["results"].parent)
    assert (lacking / RUNS).read_bytes() == before
    fresh["study"].write_text(text)
    record(fresh["study"], fresh["report"], fresh["results"].parent)


@UNDRAWN
def test_what_diverged_stands_beside_its_paper_too(fresh):
    """Otherwise README would have what went well alone."""
    fake_study.collect(fresh)
    there = record(fresh["study"], fresh["report"], fresh["results"].parent)
    table = pd.read_csv(there / "tables" / "published.csv")
    lost = table.iloc[:1].assign(verdict="diverged", share=float("nan"))
    lost.to_csv(there / "tables" / "published.csv", index=False)
    assert papers_of(there, in_full=True)["Verdict"].tolist() == ["diverged"]
