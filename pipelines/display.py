"""Shows an execution to a person: a live table on a terminal, plain lines otherwise."""

import contextlib
import threading
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TextIO

from pipelines.diagnosis import Diagnosis
from pipelines.execution import Execution, FailedJob, Status, StepExecution, first_failure, utc_now
from pipelines.tables import text_table

if TYPE_CHECKING:
    from rich.table import Table

_NUM_LOG_LINES = 20
_REFRESHES_PER_SECOND = 4
_COLOURS = {
    Status.STARTING: "cyan",
    Status.EXECUTING: "cyan",
    Status.STOPPING: "yellow",
    Status.SUCCEEDED: "green",
    Status.FAILED: "red",
    Status.STOPPED: "yellow",
    Status.SKIPPED: "dim",
}
"""Of the statuses that a step can have."""


class Display(Protocol):
    """What is told of an execution while it runs. Calls come from one thread at a time."""

    def begin(self, execution: Execution, num_steps: int) -> None:
        """The execution starts; it will run `num_steps` steps at most, if none fails."""

    def update(self, step: StepExecution) -> None:
        """A step has started, has new figures, or has ended."""

    def finish(self, execution: Execution) -> None:
        """The execution has ended."""

    def leave(self) -> None:
        """Nobody looks any more, and the execution goes on."""


def choose_display(stream: TextIO, environment: Mapping[str, str]) -> Display:
    """A live table if the stream is a terminal that can show one, else plain lines.

    `NO_COLOR` in the environment turns colours off.
    """
    if not stream.isatty() or environment.get("TERM") == "dumb":
        return PlainDisplay(stream)
    return LiveDisplay(stream, has_colour=not environment.get("NO_COLOR"))


class PlainDisplay:
    """One line when a step ends, for logs and pipes."""

    def __init__(self, stream: TextIO) -> None:
        """Write to `stream`."""
        self._stream = stream
        self._num_steps = 0
        self._num_ended = 0
        self._widths = (0, 0)

    def begin(self, execution: Execution, num_steps: int) -> None:
        """Print the header."""
        self._num_steps = num_steps
        self._widths = _widths(execution.steps)
        self._print(header(execution))

    def update(self, step: StepExecution) -> None:
        """Print a step that has ended."""
        is_news = not step.status.is_under_way and step.status is not Status.SKIPPED
        if not is_news or step.reference is not None:
            return
        self._num_ended += 1
        name, kind = self._widths
        # Steps that follow a failure are not among those that were expected.
        count = f"{self._num_ended}/{max(self._num_ended, self._num_steps)}"
        self._print(
            f"{count:>4}  {step.name:<{name}}  {step.type:<{kind}}  {outcome(step):<9}  "
            f"{_seconds(step):>8}   {step.summary}".rstrip()
        )

    def finish(self, execution: Execution) -> None:
        """Print the last line, and what helps after a failure."""
        for line in _ending(execution):
            self._print(line)

    def leave(self) -> None:
        """Print nothing more."""

    def _print(self, line: str) -> None:
        # A reader that left, such as `head`, does not end the execution.
        with contextlib.suppress(BrokenPipeError):
            self._stream.write(line + "\n")
            self._stream.flush()


class LiveDisplay:
    """A table of all steps that changes in place."""

    def __init__(self, stream: TextIO, *, has_colour: bool) -> None:
        """Draw on `stream`, a terminal."""
        from rich.console import Console
        from rich.live import Live

        self._console: Console = Console(file=stream, no_color=not has_colour, highlight=False)
        self._has_colour = has_colour
        self._lock = threading.Lock()
        self._steps: dict[str, StepExecution] = {}
        self._is_finished = False
        self._live = Live(
            console=self._console,
            refresh_per_second=_REFRESHES_PER_SECOND,
            get_renderable=self._table,
        )

    def begin(self, execution: Execution, num_steps: int) -> None:
        """Print the header and start the table."""
        self._steps = {step.name: step for step in execution.steps}
        self._console.print(header(execution), markup=False, soft_wrap=True)
        self._live.start()

    def update(self, step: StepExecution) -> None:
        """Change one row."""
        with self._lock:
            self._steps[step.name] = step

    def finish(self, execution: Execution) -> None:
        """Leave the table as it is and print the last lines."""
        self._is_finished = True
        self._live.stop()
        for line in _ending(execution):
            self._console.print(line, markup=False, soft_wrap=True)

    def leave(self) -> None:
        """Leave the table as it is."""
        self._live.stop()

    def _table(self) -> "Table":
        from rich.table import Table
        from rich.text import Text

        with self._lock:
            steps = list(self._steps.values())
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        for _ in range(4):
            table.add_column(no_wrap=True)
        table.add_column(overflow="fold")  # The summary alone gives way to a narrow terminal.
        for step in steps:
            style = _COLOURS[step.status] if self._has_colour else ""
            # Until the end, a step that has not run may still do so.
            is_skipped = step.status is Status.SKIPPED and self._is_finished
            word = outcome(step) if step.started or is_skipped else "-"
            table.add_row(
                step.name,
                step.type,
                Text(word, style=style),
                _seconds(step, utc_now()),
                Text(step.summary),
            )
        return table


def header(execution: Execution) -> str:
    """The first line about an execution."""
    digest = execution.definition_digest
    return f"{execution.pipeline}   execution {execution.id}   definition {digest}"


def _widths(steps: Iterable[StepExecution]) -> tuple[int, int]:
    return (
        max((len(step.name) for step in steps), default=0),
        max((len(step.type) for step in steps), default=0),
    )


def outcome(step: StepExecution) -> str:
    """How a step stands or went, in one word."""
    if step.is_cache_hit:
        return "Cached"
    if step.reference is not None:
        return "Reused"
    if step.type == "Condition" and step.status is Status.SUCCEEDED:
        return str(step.metadata["Condition"]["Outcome"])
    return str(step.status)


def _seconds(step: StepExecution, now: datetime | None = None) -> str:
    ended = step.ended or now
    if step.started is None or ended is None or step.type == "Condition":
        return ""
    return f"{(ended - step.started).total_seconds():.1f} s"


def failure(execution: Execution) -> Iterable[str]:
    """Lines about the step that failed: its job, the end of the log, the cause, what to do next.

    Of an execution that failed before a step did, its own reason; none of one that did not fail.
    """
    failed = first_failure(execution.steps)
    if failed is None:
        if execution.status is Status.FAILED and execution.failure_reason:
            yield f"The execution failed: {execution.failure_reason}"
            yield from _about_cause(execution.diagnosis)
        return
    yield failed.failure
    if failed.failed_job is not None:
        yield from _about_job(failed.failed_job)
    yield from _about_cause(failed.diagnosis)
    if failed.failed_job is not None and failed.failed_job.repeat:
        yield f"Repeat it alone: {failed.failed_job.repeat}"


def declared_reason(steps: Iterable[StepExecution]) -> str | None:
    """What a Fail step said; None where none was reached.

    It is declared to say why: the step that it follows says only how that one ended.
    """
    for step in steps:
        if step.status is Status.FAILED and "Fail" in step.metadata:
            return step.metadata["Fail"].get("ErrorMessage") or step.failure_reason
    return None


def _about_cause(diagnosis: Diagnosis | None) -> Iterable[str]:
    if diagnosis is not None:
        yield f"Cause: {diagnosis.cause}"
        yield f"Next: {diagnosis.advice}"


def _about_job(job: FailedJob) -> Iterable[str]:
    if job.reason or not job.log:
        yield f"Job {job.name}: {job.reason}".rstrip(": ")
    if job.note:
        yield job.note
    elif job.log:
        lines = job.log_lines[-_NUM_LOG_LINES:]
        yield f"Last {len(lines)} lines of {job.log}:"
        yield from (f"  {line}" for line in lines)


def _ending(execution: Execution) -> Iterable[str]:
    yield from failure(execution)
    yield last_line(execution, execution.ended)


def last_line(execution: Execution, now: datetime | None) -> str:
    """How an execution stands or went, and where a person finds it.

    Args:
        execution: The execution.
        now: The time, for one that has not ended.
    """
    ended = execution.ended or now
    seconds = (ended - execution.started).total_seconds() if ended else 0.0
    word = "for" if execution.ended is None else "in"
    return f"{execution.status} {word} {seconds:.1f} s. {execution.place}".rstrip()


def describe(execution: Execution, now: datetime) -> Iterator[str]:
    """Lines that say all about an execution: its steps, what failed and why, how it stands.

    Args:
        execution: The execution.
        now: The time, for what has not ended.
    """
    yield header(execution)
    yield from text_table(step_rows(execution, now))
    yield from failure(execution)
    yield last_line(execution, now)


def step_rows(execution: Execution, now: datetime) -> list[tuple[str, ...]]:
    """The steps of an execution as a table, its header first.

    Args:
        execution: The execution.
        now: The time, for what has not ended.
    """
    rows = [
        (*step_cells(step, execution, now), str(step.attempts or ""), one_line(step))
        for step in execution.steps
    ]
    return [("STEP", "TYPE", "STATUS", "SECONDS", "ATTEMPTS", "SUMMARY"), *rows]


def step_cells(step: StepExecution, execution: Execution, now: datetime) -> tuple[str, ...]:
    """Name, type, status and seconds of a step, as cells of a table."""
    # As long as the execution goes on, a step that has not run may still do so.
    is_waiting = step.status is Status.SKIPPED and execution.ended is None
    ended = now if step.status.is_under_way else step.ended
    seconds = (ended - step.started).total_seconds() if step.started and ended else None
    return (
        step.name,
        step.type,
        "-" if is_waiting else outcome(step),
        "" if seconds is None else f"{seconds:.1f}",
    )


def one_line(step: StepExecution) -> str:
    """What a step came to, or why it failed, on one line."""
    return " ".join((step.summary or step.failure_reason or "").split())
