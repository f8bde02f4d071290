"""From measurements to tables: what is told of a missed target, and what of a missing rival."""

import pandas as pd
import pytest

from metabench.files.whole import write_json
from metabench.speed.names import FIGURE, FIGURE_FORMATS, TABLE_FORMATS, TABLES
from metabench.speed.report import joined, write_report
from metabench.speed.targets import drawing_share, targets


def row(contestant: str, seconds: float, **other: object) -> dict:
    """A row of ``iterations`` beside ours of 0.1 seconds and 1 GFLOP."""
    values = {
        "setting": "omniglot-5w1s",
        "algorithm": "maml",
        "threads": 1,
        "contestant": contestant,
        "seconds": seconds,
        "seconds_low": seconds,
        "seconds_high": seconds,
        "rounds": 3,
        "times_ours": seconds / 0.1,
        "operations": 10**9,
        "difference_float32": 1e-6,
        "difference_float64": 1e-15,
    }
    return values | other


@pytest.fixture
def measured() -> list[dict]:
    """Files of three parts."""
    return [
        {
            "part": "omniglot-5w1s",
            "machine": [{"threads": 1, "matrix product": 4e10, "convolution": 2e10}],
            "iterations": [row("metabench", 0.1), row("loop", 0.5), row("torchopt", 0.3)],
        },
        {
            "part": "workflow",
            "workflow": [
                {"what": "metabench --help", "runs": 0, "seconds": 0.2},
                {"what": "python, doing nothing", "runs": 0, "seconds": 0.02},
                {"what": "snakemake --version", "runs": 0, "seconds": 0.5},
                {"what": "dry run of bare rules", "runs": 1000, "seconds": 2.5},
                {"what": "dry run", "runs": 1000, "seconds": 3.5},
                {"what": "dry run", "runs": 10000, "seconds": 60.0},
            ],
        },
        {
            "part": "data",
            "shares": [
                {
                    "setting": "omniglot-5w1s",
                    "threads": 1,
                    "draw": 0.01,
                    "meta_gradient": 0.08,
                    "update": 0.01,
                }
            ],
            "meta_testing": [
                {
                    "algorithm": "protonet",
                    "threads": 1,
                    "mode": "running",
                    "seconds": 2.0,
                    "operations": 10**10,
                }
            ],
        },
    ]


def test_a_target_is_reached_or_missed_and_says_what_holds_it(measured):
    found = {target.what: target for target in targets(joined(measured))}
    torchopt = found["MAML, omniglot-5w1s, 1 thread: times as fast as TorchOpt"]
    assert torchopt.value == pytest.approx(3.0)
    assert not torchopt.reached  # 4 were asked for
    # 1 GFLOP in 0.1 s where the machine's convolutions do 20 a second: half of it.
    assert torchopt.holds.startswith("50% of the machine's convolution rate")
    assert torchopt.holds.endswith("6 x")
    assert found["metabench --help"].reached
    assert not found["dry run, 1,000 runs"].reached
    assert "2.5 s" in found["dry run, 1,000 runs"].holds
    assert found["protonet, 1 thread: 600 episodes, running"].reached
    drawing = found["MAML, omniglot-5w1s, 1 thread: drawing tasks, of a meta-iteration"]
    assert drawing.value == pytest.approx(10.0)
    assert not drawing.reached


def test_a_share_is_of_all_parts_of_an_iteration():
    assert drawing_share({"draw": 1.0, "meta_gradient": 7.0, "update": 2.0}) == 0.1


def test_every_file_of_the_report_is_written(measured, tmp_path):
    files = []
    for part in measured:
        files.append(tmp_path / f"{part['part']}.json")
        write_json(files[-1], part)
    write_report(files, tmp_path / "out")
    names = {f"{name}.{end}" for name in TABLES for end in TABLE_FORMATS}
    names |= {f"{FIGURE}.{end}" for end in FIGURE_FORMATS}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    text = (tmp_path / "out" / "iterations.md").read_text()
    # Ten a second; the loop takes five times as long; higher is not there.
    assert "| MAML | 1 | 10 | 5.00 x | - | 3.00 x |" in text
    rows = pd.read_csv(tmp_path / "out" / "iterations.csv")
    assert list(rows["contestant"]) == ["metabench", "loop", "torchopt"]
