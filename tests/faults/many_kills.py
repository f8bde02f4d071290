"""Kill a meta-training many times: `python tests/faults/many_kills.py [KILLS] [SEED]`.

Each time it is begun again, as a user would begin it; each time that it comes to its end, model and
history are compared with those of a run that was left alone.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import killing

ITERATIONS = 1000


def main(kills: int = 50, seed: int = 0) -> None:
    """Say how it went, or fail with the name of the file that differs."""
    with tempfile.TemporaryDirectory() as temporary:
        os.environ |= {"OMP_NUM_THREADS": "1", "METABENCH_CACHE": f"{temporary}/cache"}
        whole = killing.walk(Path(temporary, "whole"), ITERATIONS, last="train")
        root = killing.copy_of(whole, Path(temporary, "killed"), without="train")
        ends = killing.kill_and_compare(whole, root, "train", kills, seed)
        resumed = (root / "log").read_text().count("resuming after iteration")
    assert resumed, "each began anew"
    print(
        f"{kills} kills (seed {seed}), gone on with {resumed} times, {ends} runs to the end: "
        "all equal to the bit"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
