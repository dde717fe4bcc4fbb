"""A real Slurm of one node on this machine, without systemd, cgroups or a database, in a folder of its own. Needs root.

Daemons of the packages slurm-wlm and munge. Ports and sockets are its own; the configuration is linked to where every Slurm looks
for it, as Snakemake's plugin drops SLURM_CONF from the environment of a job: a machine with a Slurm of its own is refused.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

PACKAGES = ("slurm-wlm", "munge")
LINK = Path("/etc/slurm/slurm.conf")
DAEMONS = ("munged", "slurmctld", "slurmd")

CONFIGURATION = """
ClusterName={name}
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SlurmdTimeout=15
KillWait=5
OverTimeLimit=UNLIMITED
PropagatePrioProcess=1
MinJobAge=300
ReturnToService=2
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory_mb} State=UNKNOWN
PartitionName=test Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def left_over() -> bool:
    """Whether LINK is what a killed test has left: a link to the configuration of a cluster whose test is over."""
    if not LINK.is_symlink():
        return False
    owner = re.search(r"^ClusterName=sarslide(\d+)$", LINK.read_text(), flags=re.M) if LINK.exists() else None
    return not LINK.exists() or bool(owner) and not Path("/proc", owner.group(1)).exists()


def missing() -> list[str]:
    """Why no cluster can be started here; empty if one can."""
    found = [] if os.geteuid() == 0 else ["root"]
    found += [f"{LINK} out of the way"] if LINK.exists() and not left_over() else []
    return found + [name for name in (*DAEMONS, "sbatch", "srun", "squeue", "scancel") if not shutil.which(name)]


def install() -> None:
    """The packages from the distribution, where they are not there; this is why the target needs root."""
    if set(missing()) & {*DAEMONS, "sbatch"}:
        command = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *PACKAGES]
        subprocess.run(["apt-get", "update", "--quiet"], check=True)
        subprocess.run(command, check=True, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})


class Cluster:
    """Controller and node of one cluster; `environment` makes the client commands speak with it."""

    def __init__(self, folder: Path, cpus: int, memory_mb: int) -> None:
        self.folder, self.running, self.name = folder, {}, f"sarslide{os.getpid()}"
        self.environment = os.environ | {"SLURM_CONF": str(folder / "slurm.conf")}
        for name in ("state", "spool", "munge"):
            (folder / name).mkdir()
        host = socket.gethostname().split(".")[0]
        text = CONFIGURATION.format(name=self.name, folder=folder, host=host, cpus=cpus, memory_mb=memory_mb)
        (folder / "slurm.conf").write_text(text)
        (folder / "munge/key").write_bytes(os.urandom(128))
        (folder / "munge/key").chmod(0o600)

    def start(self, daemon: str) -> None:
        """Start one of DAEMONS as a process of its own, which answers at once however low the priority of the tests."""
        munge = self.folder / "munge"
        options = {
            # --force: munged would rather not run as root
            "munged": ["--foreground", "--force", f"--key-file={munge}/key", f"--socket={munge}/socket"]
            + [f"--pid-file={munge}/pid", f"--seed-file={munge}/seed", f"--log-file={munge}/log"],
            "slurmctld": ["-D"],
            "slurmd": ["-D"],
        }[daemon]
        with open(self.folder / f"{daemon}.out", "a") as out:
            self.running[daemon] = subprocess.Popen(
                [shutil.which(daemon), *options],
                env=self.environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=lambda: os.setpriority(os.PRIO_PROCESS, 0, 0),
            )

    def __enter__(self) -> "Cluster":
        LINK.parent.mkdir(exist_ok=True)
        if left_over():
            LINK.unlink()
        LINK.symlink_to(self.folder / "slurm.conf")
        try:
            for daemon in DAEMONS:
                self.start(daemon)
            self.until(lambda: "idle" in self.ask("sinfo", "--noheader", "--format=%T"), 60, "no idle node")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *unused) -> None:
        self.ask("scancel", "--user=root", "--full")
        for daemon in reversed(DAEMONS):
            if process := self.running.pop(daemon, None):
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
        self.kill_processes("slurmstepd")  # without its slurmd it would wait for ever
        self.kill_processes()
        LINK.unlink()

    def ask(self, *command: str) -> str:
        """What a client command prints; empty where the controller does not answer."""
        run = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120)
        return run.stdout.strip() if run.returncode == 0 else ""

    def jobs(self, state: str = "RUNNING") -> list[str]:
        """Numbers of the jobs in a state."""
        return self.ask("squeue", "--noheader", f"--states={state}", "--format=%i").split()

    def restarts(self, job: str) -> int:
        """How often the controller has put a job back into the queue."""
        return int((re.search(r"Restarts=(\d+)", self.ask("scontrol", "show", "job", job)) or [0, 0])[1])

    def until(self, true, seconds: float, otherwise: str) -> float:
        """Wait until something is true: seconds it took. TimeoutError where it does not become so."""
        start = time.monotonic()
        while not true():
            if time.monotonic() - start > seconds:
                raise TimeoutError(otherwise)
            time.sleep(0.5)
        return time.monotonic() - start

    def kill(self, daemon: str) -> None:
        """kill -9 of the daemon alone: the jobs on the node go on."""
        process = self.running.pop(daemon)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def processes(self, name: str = "") -> list[int]:
        """Process numbers of what this cluster's jobs run, or of those of a name: known by the environment they inherited."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                environment = (folder / "environ").read_bytes().split(b"\0")
                named = (folder / "comm").read_text().startswith(name)
            except OSError:
                continue
            daemon = f"SLURM_CONF={self.folder}/slurm.conf".encode() in environment and name == "slurmstepd"
            if named and (daemon or f"SLURM_CLUSTER_NAME={self.name}".encode() in environment):
                found.append(int(folder.name))
        return found

    def kill_processes(self, name: str = "") -> None:
        """kill -9 of what `processes` finds."""
        for number in self.processes(name):
            try:
                os.kill(number, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def kill_node(self) -> None:
        """kill -9 of the node's daemon and of its step daemons: its jobs are lost to the cluster, while their programs run on."""
        self.kill("slurmd")
        self.kill_processes("slurmstepd")
