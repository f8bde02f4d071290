"""What the project keeps of a study is enough to make its tables again."""

import fake_study
import pandas as pd
import pytest

from metabench.docs.record import record
from metabench.errors import MetabenchError
from metabench.report.tables import write_tables
from metabench.run_files import KEY


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


def test_a_record_has_the_curve_of_every_run_that_trained(fresh):
    fake_study.collect(fresh)
    there = record(fresh["study"], fresh["report"], fresh["results"].parent)
    curves = pd.read_csv(there / "curves.csv.gz")
    histories = sorted(fresh["runs"].glob("**/history.csv"))
    assert curves.groupby(KEY).ngroups == len(histories) > 1
    assert len(curves) == sum(len(pd.read_csv(history)) for history in histories)


def test_a_report_that_lacks_a_file_is_named(fresh):
    with pytest.raises(MetabenchError, match=r"scores\.csv\.gz: no such file"):
        record(fresh["study"], fresh["report"], fresh["results"].parent)
