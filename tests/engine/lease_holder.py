"""A program that leases a GPU and says which: FOLDER GPU... It holds it until its input ends.

With `--briefly` it notes in a file of the GPU that it is alone there, and lets go soon.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from metabench.machine.leases import lease


def main(folder: str, *gpus: str) -> None:
    briefly = "--briefly" in gpus
    gpus = tuple(gpu for gpu in gpus if gpu != "--briefly")
    with lease(gpus, Path(folder), wait=0.02, say=lambda text: print(text, flush=True)) as index:
        print(index, flush=True)
        if briefly:
            alone(Path(folder) / f"{gpus[index]}.used")
            return
        # A child that outlives this process must not keep the GPU.
        with subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL) as child:
            print(child.pid, flush=True)
            sys.stdin.read()
            child.kill()


def alone(mark: Path) -> None:
    """Fails where another process is between these lines."""
    os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
    time.sleep(0.02)
    mark.unlink()


if __name__ == "__main__":
    main(*sys.argv[1:])
