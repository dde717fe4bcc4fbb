"""How far a Snakemake run is: its jobs by rule, those that run, and the time left."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

# Wildcards with one value in a whole run, which no line about a job needs.
COMMON_WILDCARDS = ("region", "engine", "method", "model")


@dataclass(frozen=True)
class RunningJob:
    """A job that has started.

    Attributes
    ----------
    rule : str
        Its rule.
    wildcards : dict of str to str
        Its wildcards.
    logs : list of str
        Its log files.
    started : float
        Time of its start, or of its submission, s.
    """

    rule: str
    wildcards: dict[str, str]
    logs: list[str]
    started: float

    @property
    def name(self) -> str:
        """Rule and the wildcards that tell jobs apart, such as `unwrap A128 20190306_20190318`."""
        values = [value for key, value in self.wildcards.items() if key not in COMMON_WILDCARDS]
        return " ".join([self.rule, *values])


@dataclass
class RunProgress:
    """Progress of a run.

    Attributes
    ----------
    planned : dict of str to int
        Jobs of the run by rule.
    finished : Counter of str
        Finished jobs by rule.
    running : dict of int to RunningJob
        Running jobs by Snakemake's number.
    """

    planned: dict[str, int] = field(default_factory=dict)
    finished: Counter[str] = field(default_factory=Counter)
    running: dict[int, RunningJob] = field(default_factory=dict)
    _spent_s: dict[str, float] = field(default_factory=dict)
    _begin: float | None = None

    def plan(self, stats: Mapping[str, int]) -> None:
        """Take the jobs of the run.

        Parameters
        ----------
        stats : mapping of str to int
            Jobs by rule, and their `total`.
        """
        self.planned = {rule: count for rule, count in stats.items() if rule != "total"}

    def start(self, number: int, job: RunningJob) -> None:
        """Note that a job has started, again after a failure too.

        Parameters
        ----------
        number : int
            Snakemake's number of the job.
        job : RunningJob
            The job.
        """
        self.running[number] = job
        self._begin = job.started if self._begin is None else self._begin

    def finish(self, number: int, now: float) -> RunningJob | None:
        """Note that a job has finished.

        Parameters
        ----------
        number : int
            Snakemake's number of the job.
        now : float
            Time, s.

        Returns
        -------
        RunningJob or None
            The job; None where its start was not seen.
        """
        job = self.running.pop(number, None)
        if job is not None:
            self.finished[job.rule] += 1
            self._spent_s[job.rule] = self._spent_s.get(job.rule, 0.0) + now - job.started
        return job

    def left_s(self, now: float) -> float:
        """Estimate the time left, s.

        What remains takes the mean time of its rule, or that of all jobs where nothing of the rule
        is finished yet, and is done as fast as until now.

        Parameters
        ----------
        now : float
            Time, s.

        Returns
        -------
        float
            Seconds; 0 where nothing is finished.
        """
        spent, done = sum(self._spent_s.values()), sum(self.finished.values())
        if not spent or self._begin is None:
            return 0.0
        left = 0.0
        for rule, count in self.planned.items():
            finished = self.finished[rule]
            mean_s = self._spent_s[rule] / finished if finished else spent / done
            left += (count - finished) * mean_s
        return left * (now - self._begin) / spent
