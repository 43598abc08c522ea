"""A real SLURM of one node on this machine: controller, node daemon and authentication."""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol")
NODE_TIMEOUT = 15
"""Seconds without a word from the node until its jobs are taken as lost."""

CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}
SlurmUser=root
SlurmctldPort={controller_port}
SlurmdPort={node_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=10
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
GresTypes=gpu
SlurmdTimeout={timeout}
KillWait=2
ReturnToService=2
MpiDefault=none
MailProg=/bin/true
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=64000 Gres=gpu:1
PartitionName=batch Nodes=ALL Default=YES MaxTime=1-0 State=UP
PartitionName=gpu Nodes=ALL MaxTime=1-0 State=UP
"""


def why_not() -> str | None:
    """Why SLURM cannot run here; None where it can."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        return f"SLURM is not installed ({', '.join(missing)} missing)"
    if os.geteuid() != 0:
        return "SLURM's daemons are started by root only"
    return None


@dataclass
class LocalSlurm:
    """The daemons, and commands that talk to them.

    Attributes
    ----------
    folder
        Configuration, state, sockets and logs.
    """

    folder: Path
    _daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to talk to this SLURM."""
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "SLURM_CONF": str(self.folder / "slurm.conf")}

    def start(self) -> None:
        """Write the configuration, start everything, and wait for the node."""
        (self.folder / "state").mkdir(parents=True)
        (self.folder / "spool").mkdir()
        key = self.folder / "munge.key"
        key.touch(mode=0o400)
        key.write_bytes(secrets.token_bytes(128))
        text = CONFIGURATION.format(
            folder=self.folder,
            host=socket.gethostname(),
            controller_port=_free_port(),
            node_port=_free_port(),
            timeout=NODE_TIMEOUT,
        )
        (self.folder / "slurm.conf").write_text(text)
        (self.folder / "gres.conf").write_text("AutoDetect=off\nName=gpu File=/dev/null\n")
        self._wrap_srun()
        self._daemons["munged"] = self._daemon(
            *("munged", "--foreground", "--force", "--num-threads=2"),
            *(f"--{option}={self.folder}/munge.{ending}" for option, ending in MUNGE_FILES),
        )
        self._wait_for((self.folder / "munge.socket").exists, "munge's socket")
        self._daemons["slurmctld"] = self._daemon("slurmctld", "-D", "-c")
        self.start_node()

    def start_node(self) -> None:
        """Start the node's daemon and wait until the controller takes jobs for it."""
        self._daemons["slurmd"] = self._daemon("slurmd", "-D")
        self._wait_for(lambda: self.node_state() in ("idle", "mix", "alloc"), "the node")

    def kill_node(self) -> None:
        """Kill the node's daemon and all that it runs, as a power cut would."""
        self._daemons["slurmd"].kill()
        self._daemons["slurmd"].wait()
        running = [
            process
            for process in psutil.process_iter(["name", "environ"])
            if self._is_ours(process.info["name"], process.info["environ"] or {})
        ]
        # Those that look after jobs go first, or they would tell the controller how jobs ended.
        for process in sorted(running, key=lambda process: process.info["name"] != "slurmstepd"):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def _is_ours(self, name: str, environment: dict[str, str]) -> bool:
        """Whether a process is a job of this SLURM, or what looks after one."""
        here = str(self.folder) in environment.get("PATH", "")
        return here and (name == "slurmstepd" or "SLURM_JOB_ID" in environment)

    def node_state(self) -> str:
        """What ``sinfo`` calls the node's state."""
        return self.command("sinfo", "--noheader", "--partition=batch", "--format=%t").strip()

    def jobs(self, state: str) -> list[str]:
        """The identifiers of all jobs in a state."""
        return self.command("squeue", "--noheader", "--format=%i", f"--states={state}").split()

    def command(self, *words: str) -> str:
        """What a command prints, also where it fails."""
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True)
        return done.stdout

    def stop(self) -> None:
        """Cancel every job and end the daemons."""
        self.command("scancel", "--user=root")
        self.kill_node()
        for daemon in reversed(self._daemons.values()):
            daemon.terminate()
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()

    def _wrap_srun(self) -> None:
        """An ``srun`` that knows the configuration.

        Inside a job the executor takes SLURM's variables away, and a cluster's own configuration
        lies in ``/etc``, which a test leaves alone.
        """
        wrapper = self.folder / "bin" / "srun"
        wrapper.parent.mkdir()
        configuration = shlex.quote(str(self.folder / "slurm.conf"))
        wrapper.write_text(
            f'#!/bin/sh\nSLURM_CONF={configuration} exec {shutil.which("srun")} "$@"\n'
        )
        wrapper.chmod(0o755)

    def _daemon(self, *words: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{words[0]}.output").open("ab") as output:
            return subprocess.Popen(words, env=self.environment, stdout=output, stderr=output)

    def _wait_for(self, ready: Callable[[], bool], what: str, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > end:
                raise TimeoutError(f"{what} is not there after {seconds:.0f} s: {self.folder}")
            time.sleep(0.2)


MUNGE_FILES = (
    ("key-file", "key"),
    ("socket", "socket"),
    ("pid-file", "pid"),
    ("log-file", "log"),
    ("seed-file", "seed"),
)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
