"""What a run prints on the terminal, and its events: the handler of the logger plugin `sarslide`.

A finished job is one line with its step's progress and the time left; a failed one shows its
wildcards, its coded error and its log; the end names release and report and counts what changed.
No line of Snakemake's is longer than `MAX_CHARACTERS`: lists of files stand in its own log, which
keeps everything. A dry run describes its jobs as Snakemake does, in lines of that length;
`--verbose` and `--debug-dag` give Snakemake's own console.
"""

import logging
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

from snakemake.logging import ColorizingTextHandler, DefaultFilter, DefaultFormatter
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from sarslide.errors import SarslideError
from sarslide.workflow import events
from sarslide.workflow.run_progress import RunningJob, RunProgress

MAX_CHARACTERS, MAX_LINES, MAX_FAILED = 200, 30, 20
TAIL_LINES = 15  # of the log of a job that failed without a coded error
WORDLESS = (
    "E1000 the job ended without an error of its own, as one does that is killed, for its memory or its time; "
    "cure: look at the end of its log and at the lines above; give it more memory or time, or fewer --cores, and run again"
)
FIRST_SILENCE_S, LONGEST_SILENCE_S = 60.0, 900.0
RESULTS_ATTRIBUTE, WHOLE_ATTRIBUTE = "sarslide_results", "sarslide_whole"
LOGGER = "snakemake.logging"

# What comes with every job, or repeats the lines above.
_SILENT_EVENTS = (
    LogEvent.WORKFLOW_STARTED,
    LogEvent.JOB_STARTED,
    LogEvent.PROGRESS,
    LogEvent.GROUP_INFO,
    LogEvent.RULEGRAPH,
)
_SILENT_MESSAGES = (
    "Select jobs to execute...",
    "Job rate limit reached",
    "RuleException:\nCalledProcessError",  # the error of the job follows
    "Assuming unrestricted shared filesystem usage.",
    "Using shell:",
    "Rules claiming more threads will be scaled down.",
    "Provided resources:",
    "Conda environments: ignored",
    "Cannot restore ",  # what was not there before a job that failed
    "Shutting down, this might take some time.",
    "WorkflowError:\nAt least one job did not complete successfully.",  # they are listed at the end
)
_COLORS = {logging.WARNING: 33, logging.ERROR: 31, logging.CRITICAL: 31}


def announce(results: str | Path) -> None:
    """Tell the console which folder of results a run works on, while the Snakefile is parsed.

    Parameters
    ----------
    results : str or Path
        Folder of results of a region, relative to the working folder.
    """
    logging.getLogger(LOGGER).info(f"Results: {results}", extra={RESULTS_ATTRIBUTE: str(results)})


def tell(text: str, level: int = logging.INFO) -> None:
    """Show text of the Snakefile among the lines of the run: whole, and never mixed with them.

    The console writes in a thread of its own; what the Snakefile printed by itself could come to
    stand in the middle of its lines.

    Parameters
    ----------
    text : str
        One or more lines, of any length.
    level : int, optional
        Level of logging; warnings and errors have their colours.
    """
    logging.getLogger(LOGGER).log(level, text, extra={WHOLE_ATTRIBUTE: True})


def shorten(text: str) -> str:
    """Cut a line to `MAX_CHARACTERS`.

    Parameters
    ----------
    text : str
        One line.

    Returns
    -------
    str
        The line, or its beginning and `…`.
    """
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"


def shorten_lines(text: str, limit: int = MAX_LINES) -> list[str]:
    """Cut a message to lines of `MAX_CHARACTERS`, and to a number of lines.

    Parameters
    ----------
    text : str
        A message of one or more lines.
    limit : int
        Lines that are kept.

    Returns
    -------
    list of str
        At most `limit` lines, and one that counts those that are left out.
    """
    lines = text.rstrip("\n").split("\n")
    more = [f"… {len(lines) - limit} more lines in the log"] if len(lines) > limit else []
    return [shorten(line) for line in lines[:limit]] + more


def duration(seconds: float) -> str:
    """A time in words.

    Parameters
    ----------
    seconds : float
        Time, s.

    Returns
    -------
    str
        Such as `3.2 s`, `45 s`, `9 min`, `2 h 05 min`.
    """
    if seconds < 59.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


class LogHandler(LogHandlerBase):
    """Handler of all records of a run; Snakemake makes one, and closes it at the end of the run."""

    def __post_init__(self) -> None:
        """Prepare for a run."""
        common = self.common_settings
        shown = common.quiet, common.debug_dag, common.verbose, common.dryrun, common.printshellcmds
        self._shown = DefaultFilter(*shown)
        self._stream = sys.stdout if common.stdout else sys.stderr
        self._formatter = DefaultFormatter(common.quiet, common.show_failed_logs)
        self._theirs = ColorizingTextHandler(common.nocolor, self._stream, self._formatter, self._shown)
        self._progress = RunProgress()
        self._failed: list[str] = []
        self._trained: list[str] = []
        self._results: Path | None = None
        self._release_before = ""
        self._runs = False
        self._last_line_s = time.time()
        self._over = threading.Event()

    @property
    def writes_to_stream(self) -> bool:
        """True: it takes the place of Snakemake's own console."""
        return True

    @property
    def writes_to_file(self) -> bool:
        """False: Snakemake writes its log file as ever."""
        return False

    @property
    def has_filter(self) -> bool:
        """True: events are written however quiet the console is."""
        return True

    @property
    def has_formatter(self) -> bool:
        """True: its lines are its own."""
        return True

    @property
    def needs_rulegraph(self) -> bool:
        """False: no line shows the graph."""
        return False

    def emit(self, record: logging.LogRecord) -> None:
        """Keep count of the jobs, and show what is to be seen of a record.

        Parameters
        ----------
        record : logging.LogRecord
            Record of Snakemake's logger; `event` and further attributes as Snakemake sets them.
        """
        try:
            lines = self._lines(record)
            if self.common_settings.verbose or self.common_settings.debug_dag:
                self._theirs.handle(record)
            elif self._is_shown(record):
                self._print(lines, record.levelno)
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        """Show where release and report lie, and what changed."""
        if not self._over.is_set():
            self._over.set()
            if self._runs and not self.common_settings.dryrun and "all" not in self._quiet():
                self._print(self._end())
        super().close()

    def _quiet(self) -> set[str]:
        """What is not to be shown, in Snakemake's words."""
        return {choice.name.lower() for choice in self.common_settings.quiet or ()}

    def _is_shown(self, record: logging.LogRecord) -> bool:
        """Whether a record is shown: as by Snakemake's console, but errors unless all is quiet."""
        return record.levelno >= logging.ERROR and "all" not in self._quiet() or bool(self._shown.filter(record))

    def _print(self, lines: list[str], level: int = logging.INFO) -> None:
        """Write lines; warnings and errors in their colour where the terminal has colours."""
        if not lines:
            return
        text = "\n".join(lines)
        if level in _COLORS and not self._theirs.nocolor:
            text = f"\033[{_COLORS[level]}m{text}\033[0m"
        self._stream.write(text + "\n")
        self._stream.flush()
        self._last_line_s = time.time()

    def _lines(self, record: logging.LogRecord) -> list[str]:
        """Take a record in; the lines that it gives."""
        event = getattr(record, "event", None)
        known = {
            LogEvent.RUN_INFO: self._job_table,
            LogEvent.JOB_INFO: self._job_started,
            LogEvent.JOB_FINISHED: self._job_finished,
            LogEvent.JOB_ERROR: self._job_failed,
            LogEvent.SHELLCMD: self._shell_command,
            LogEvent.GROUP_ERROR: self._group_failed,
        }
        if event == LogEvent.WORKFLOW_STARTED:
            self._runs = True
        if hasattr(record, RESULTS_ATTRIBUTE):
            self._results = Path(getattr(record, RESULTS_ATTRIBUTE))
            self._release_before = self._release()
        if event in known:
            return known[event](record)
        message = record.getMessage() if record.msg is not None else ""
        if event in _SILENT_EVENTS or not message or message.startswith(_SILENT_MESSAGES):
            return []
        return message.split("\n") if hasattr(record, WHOLE_ATTRIBUTE) else shorten_lines(message)

    def _job_table(self, record: Any) -> list[str]:
        """Jobs of the run by rule; from here on long silences are broken."""
        if self._progress.planned and "rules" in self._quiet():
            return []  # a dry run shows it again after the list of jobs, which is not shown
        if not self._progress.planned and not self.common_settings.dryrun:
            threading.Thread(target=self._break_silences, daemon=True).start()
        self._progress.plan(record.stats)
        return [*shorten_lines(record.getMessage(), limit=sys.maxsize), ""]

    def _job_started(self, record: Any) -> list[str]:
        """Note a job; its description in a dry run, a line where commands are printed."""
        wildcards = {name: str(value) for name, value in record.wildcards.items()}
        job = RunningJob(record.rule_name, wildcards, list(record.log), record.created)
        self._progress.start(record.jobid, job)
        if self.common_settings.dryrun:
            return shorten_lines(self._formatter.format(record), limit=sys.maxsize)
        return [shorten(f"{_clock(record.created)}  {job.name} starts")] if self.common_settings.printshellcmds else []

    def _job_finished(self, record: Any) -> list[str]:
        """One line of a finished job: count, name, time, progress of its step, time left."""
        job = self._progress.finish(record.job_id, record.created)
        if job is None:
            return []
        events.add_event(events.FINISHED, job.rule, job.wildcards)
        if job.rule == "train_network":
            self._trained.append(f"{job.wildcards['network']}.{job.wildcards['variant']}")
        total, done = sum(self._progress.planned.values()), self._progress.finished
        count = f"{done.total():>{len(str(total))}}/{total}"
        step = f"{job.rule} {done[job.rule]}/{self._progress.planned.get(job.rule, '?')}"
        left_s = self._progress.left_s(record.created)
        left = f", about {duration(left_s)} left" if left_s else ""
        took = duration(record.created - job.started)
        # The name is cut, never the progress.
        head, end = f"{_clock(record.created)}  {count}  {job.name}", f"  {took}  ({step}{left})"
        room = MAX_CHARACTERS - len(end)
        return [(head if len(head) <= room else head[: room - 1] + "…") + end]

    def _job_failed(self, record: Any) -> list[str]:
        """A failed job: wildcards, coded error or the end of its log, log files."""
        job = self._progress.running.pop(record.jobid, None)
        wildcards = job.wildcards if job else {}
        problem = events.coded_error(record.log)
        uncoded = not problem
        problem = problem or WORDLESS
        events.add_event(events.FAILED, record.rule_name, wildcards, record.log, problem)
        logs = ", ".join(record.log) or "none"
        named = ", ".join(f"{name}={value}" for name, value in wildcards.items())
        self._failed.append(f"{job.name if job else record.rule_name}  log: {logs}")
        lines = [f"{_clock(record.created)}  FAILED  {record.rule_name}" + (f" ({named})" if named else "")]
        lines += textwrap.wrap(problem, MAX_CHARACTERS, initial_indent="    ", subsequent_indent="    ")
        if uncoded and self.common_settings.show_failed_logs and not record.indent:
            lines += [f"    {line}" for log in record.log for line in _last_lines(Path(log))]
        lines += [f"    {name}: {value}" for name, value in record.aux.items()]
        return [shorten(line) for line in [*lines, f"    log: {logs}"]]

    def _group_failed(self, record: Any) -> list[str]:
        """A failed group of jobs: its own log files; its jobs follow."""
        logs = f", log: {', '.join(record.aux_logs)}" if record.aux_logs else ""
        return [shorten(f"{_clock(record.created)}  FAILED  a group of {len(record.job_error_info)} jobs{logs}")]

    def _shell_command(self, record: Any) -> list[str]:
        """The command of a job, whole; scripts have none."""
        command = getattr(record, "shellcmd", None) or getattr(record, "cmd", None)
        return [str(command)] if command else []

    def _break_silences(self) -> None:
        """Name the running jobs after a silent minute, then at ever longer intervals."""
        pause = FIRST_SILENCE_S
        while not self._over.wait(pause):
            self.acquire()
            try:
                silent = time.time() - self._last_line_s >= pause
                if silent and "progress" not in self._quiet() and "all" not in self._quiet():
                    self._print(self._still_running(time.time()))
            finally:
                self.release()
            pause = min(2 * pause, LONGEST_SILENCE_S) if silent else FIRST_SILENCE_S

    def _still_running(self, now: float) -> list[str]:
        """One line about the jobs that run, the oldest first."""
        running = sorted(self._progress.running.values(), key=lambda job: job.started)
        named = [f"{job.name} ({duration(now - job.started)})" for job in running]
        return [shorten(f"{_clock(now)}  running {len(named)}: {', '.join(named)}")] if named else []

    def _release(self) -> str:
        """Name of the current release, empty before the first."""
        from sarslide.report import summary

        try:
            return summary.current_release(self._results) if self._results else ""
        except SarslideError:  # which the run itself shows
            return ""

    def _trainings(self) -> list[str]:
        """What the trainings of this run made."""
        from sarslide.report import trained

        lines: list[str] = []
        for name in self._trained:
            try:
                lines += trained.lines(self._results, name) if self._results else []
            except SarslideError as error:
                lines.append(str(error))
        return [shorten(line) for line in lines]

    def _end(self) -> list[str]:
        """Failed jobs, and what the run made."""
        from sarslide.report import summary

        failed = [f"{len(self._failed)} failed:", *(f"  {one}" for one in self._failed[:MAX_FAILED])]
        lines = [shorten(line) for line in failed] if self._failed else []
        lines += self._trainings()
        if self._results and (release := self._release()):
            try:
                lines += shorten_lines(summary.summary(self._results))
            except SarslideError as error:
                lines.append(str(error))
            if release == self._release_before:
                lines.append("The release is the one from before this run.")
        return ["", *lines] if lines else []


def _clock(seconds: float) -> str:
    """Time of day."""
    return time.strftime("%H:%M:%S", time.localtime(seconds))


def _last_lines(log: Path) -> list[str]:
    """The last lines of a log file that hold something."""
    return [line for line in events.tail(log).split("\n") if line.strip()][-TAIL_LINES:]
