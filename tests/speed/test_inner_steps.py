"""What is measured of inner steps is of the steps asked for, and is drawn. No size is tested."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch

from metabench.cli import main
from metabench.files.whole import write_json
from metabench.inner_steps import measure, report
from metabench.inner_steps.names import FILES, TITLES, WAYS


@pytest.mark.parametrize("way", WAYS)
def test_a_way_has_the_steps_that_are_asked_for(small_settings, way):
    work = measure.with_steps(small_settings["strided"], way, 3)
    assert work.algorithm.hp.inner_steps == 3
    assert getattr(work.algorithm.hp, "recompute", False) == (way == "maml_recompute")


def test_recomputed_steps_give_the_same_meta_gradient(small_settings):
    first, second = (
        measure.meta_gradient(measure.with_steps(small_settings["strided"], way, 2))()
        for way in ("maml", "maml_recompute")
    )
    for name, value in first[0].items():
        torch.testing.assert_close(second[0][name], value, rtol=1e-4, atol=1e-6)


def test_a_measurement_says_what_it_is_of(small_settings, held, monkeypatch):
    meta_gradient = measure.meta_gradient

    def with_100_megabytes(work):
        def call():
            with held(100):
                return meta_gradient(work)()

        return call

    monkeypatch.setattr(measure, "meta_gradient", with_100_megabytes)
    threads = torch.get_num_threads()
    found = measure.measure("imaml", 2, small_settings["strided"])
    torch.set_num_threads(threads)
    assert (found["way"], found["steps"], found["tasks"]) == ("imaml", 2, 2)
    assert 0 < found["seconds_low"] <= found["seconds"] <= found["seconds_high"]
    assert found["megabytes"] >= 95


def test_the_report_has_a_line_for_each_way_in_the_order_of_steps(tmp_path: Path):
    files = []
    for way in reversed(WAYS):
        for steps in (4, 1):
            files.append(tmp_path / f"{way}-{steps}.json")
            row = {"way": way, "steps": steps, "setting": "noise", "tasks": 2}
            times = {"seconds": 0.5, "seconds_low": 0.4, "seconds_high": 0.6}
            write_json(files[-1], {**row, **times, "megabytes": 10.0 * steps})
    report.write_report(files, tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(FILES)
    rows = pd.read_csv(tmp_path / "out" / "inner_steps.csv")
    assert list(rows["way"]) == [way for way in TITLES for _ in (1, 4)]
    assert list(rows["steps"]) == [1, 4] * 3
    text = (tmp_path / "out" / "inner_steps.md").read_text()
    assert "| iMAML, memory | 10 MB | 40 MB |" in text


def test_no_step_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit, match="2"):
        main(["inner-steps", "maml", "0", "--out", str(tmp_path / "x.json")])
    assert "a whole number from 1 to" in capsys.readouterr().err
