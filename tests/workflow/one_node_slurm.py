"""A real Slurm of one node, on this machine, with two GPUs that are none.

No systemd, no control groups, no accounting: three daemons that listen to this machine alone. Times
and GPUs are enforced, memory is only counted. The configuration must lie in /etc/slurm, because the
program that Snakemake runs inside of a job forgets every other place.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

STATE = Path("/var/lib/metabench-slurm")
CONFIG = Path("/etc/slurm/slurm.conf")
GPUS = Path("/etc/slurm/gres.conf")
TEMPLATE = Path(__file__).with_name("slurm.conf").read_text()
OURS = TEMPLATE.splitlines()[0]
DAEMONS = ("munged", "slurmctld", "slurmd")
# Two device files that every machine has.
GRES_CONF = f"""\
{OURS}
AutoDetect=off
Name=gpu File=/dev/null
Name=gpu File=/dev/zero
"""


def why_not() -> str:
    """Why there can be no Slurm here; "" where there can. Installs it where it is missing."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "a Slurm of one's own needs root on Linux"
    for file in (CONFIG, GPUS):
        if file.exists() and not file.read_text().startswith(OURS):
            return f"{file} is there already, and not of these tests"
    if all(map(shutil.which, DAEMONS)):
        return ""
    if not shutil.which("apt-get"):
        return "Slurm is not installed, and there is no apt-get"
    apt = ["timeout", "600", "apt-get", "-qq"]
    install = [*apt, "install", "-y", "--no-install-recommends", "slurm-wlm", "munge"]
    silent = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (install, [*apt, "update"], install):
        done = subprocess.run(command, env=silent, capture_output=True, text=True, check=False)
        if all(map(shutil.which, DAEMONS)):
            return ""
    return f"apt-get cannot install slurm-wlm: {done.stderr.strip()[-200:]}"


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """While nobody else on this machine runs these tests."""
    with open("/tmp/metabench-slurm.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def running() -> Iterator[None]:
    """While the daemons run; all of it is gone afterwards."""
    stop()  # what a test that was killed left behind
    shutil.rmtree(STATE, ignore_errors=True)
    for name in DAEMONS:
        (STATE / name).mkdir(parents=True)
    CONFIG.parent.mkdir(exist_ok=True)
    host = socket.gethostname().split(".")[0]
    CONFIG.write_text(TEMPLATE.format(host=host, state=STATE))
    GPUS.write_text(GRES_CONF)
    try:
        for name in DAEMONS:
            options = munge_options() if name == "munged" else []
            subprocess.run([name, *options], check=True, stdin=subprocess.DEVNULL)
        wait_until_idle()
        yield
    finally:
        stop()
        for file in (CONFIG, GPUS):
            file.unlink(missing_ok=True)


def munge_options() -> list[str]:
    """A munge of our own, beside one that may be running."""
    key = STATE / "munged.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o600)
    names = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log"}
    return [f"--{option}={STATE}/munged.{end}" for option, end in names.items()] + [
        f"--seed-file={STATE}/munged.seed"
    ]


def wait_until_idle() -> None:
    """Until the node takes jobs."""
    for _ in range(600):
        told = slurm("sinfo", "-h", "-o", "%T", check=False)
        if told.split()[:1] == ["idle"]:
            return
        time.sleep(0.1)
    logs = "".join((STATE / f"{name}.log").read_text()[-2000:] for name in DAEMONS)
    raise RuntimeError(f"the node does not become idle but {told!r}:\n{logs}")


def slurm(*command: str, check: bool = True) -> str:
    """What a command of Slurm's says."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


def stop() -> None:
    """End all jobs and the daemons."""
    if not any((STATE / f"{name}.pid").exists() for name in DAEMONS):
        return
    with contextlib.suppress(subprocess.TimeoutExpired):
        slurm("scancel", "--user=root", "--signal=KILL", check=False)
    for name in reversed(DAEMONS):
        file = STATE / f"{name}.pid"
        with contextlib.suppress(OSError, ValueError):
            process = int(file.read_text())
            if Path(f"/proc/{process}/comm").read_text().strip().startswith(name):
                os.kill(process, signal.SIGTERM)
                wait_for_end(process)
        file.unlink(missing_ok=True)


def wait_for_end(process: int) -> None:
    """Until a process is gone; one that has ended may keep its number for seconds."""
    for _ in range(100):
        try:
            if "\nState:\tZ" in Path(f"/proc/{process}/status").read_text():
                return
        except OSError:
            return
        time.sleep(0.1)
