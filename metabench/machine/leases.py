"""Which GPU a run computes on: one that no other run on this machine holds.

A GPU has one place, or as many as ``METABENCH_RUNS_PER_GPU`` says, and each place is a file that
whoever computes there keeps locked. The system unlocks it when the process ends, however it ends:
nothing is left behind that could be out of date.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from metabench.errors import MetabenchError

RUNS_PER_GPU = "METABENCH_RUNS_PER_GPU"


@contextlib.contextmanager
def lease(
    gpus: Sequence[str],
    folder: Path | None = None,
    wait: float = 1.0,
    say: Callable[[str], None] = tqdm.write,
) -> Iterator[int]:
    """Yield the index of a GPU that is this process's own for so long; wait until there is one.

    Args:
        gpus: names of the GPUs to choose from, which no two GPUs of the machine share.
        folder: where the locks lie; by default all users of the machine share one.
        wait: seconds between two looks.
        say: told when there is none, and when there is one then.

    Raises:
        MetabenchError: where ``METABENCH_RUNS_PER_GPU`` is not a number of runs.
    """
    folder = folder or Path(tempfile.gettempdir()) / "metabench-gpus"
    places, begun = runs_per_gpu(), time.monotonic()
    taken = take(gpus, places, folder)
    if taken is None:
        say(f"all places are taken, {places} on each of {len(gpus)} GPUs: waiting for one")
    while taken is None:
        time.sleep(wait)
        if (taken := take(gpus, places, folder)) is not None:
            say(f"waited {time.monotonic() - begun:.0f} s for a GPU")
    index, handle = taken
    try:
        yield index
    finally:
        os.close(handle)


def runs_per_gpu() -> int:
    """How many runs may share a GPU.

    One where nothing is said: then seconds and memory in the results are those of the run alone.
    """
    said = os.environ.get(RUNS_PER_GPU, "1")
    if not said.isdecimal() or int(said) < 1:
        raise MetabenchError(f"{RUNS_PER_GPU}: '{said}'; a whole number from 1 on is right")
    return int(said)


def take(gpus: Sequence[str], places: int, folder: Path) -> tuple[int, int] | None:
    """Lock a free place: the index of its GPU and the handle to close, or None.

    The first places of all GPUs come before the second of any, so runs spread evenly.
    """
    for place in range(places):
        for index, gpu in enumerate(gpus):
            handle = open_lock(folder, f"{gpu}.{place}")
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
            else:
                return index, handle
    return None


def open_lock(folder: Path, name: str) -> int:
    """The file of a place, open in this process and in none that it starts.

    Whoever may read a file may lock it, so files and folder serve every user of the machine.
    """
    with contextlib.suppress(FileExistsError):
        folder.mkdir()
        folder.chmod(0o1777)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(folder / name, os.O_CREAT | os.O_EXCL, 0o444))
        (folder / name).chmod(0o444)  # whatever the user's mask takes away
    return os.open(folder / name, os.O_RDONLY)
