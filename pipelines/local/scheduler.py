"""Starts executions when they are due, and when drift or an approval asks for one.

It does here what EventBridge does in an account, with the same declarations. One execution runs at
a time, in this process, and everything else waits. What was due while no scheduler ran is done
once, and not as often as it was missed; what happened meanwhile is answered.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

from pipelines.execution import Status, utc_now
from pipelines.local.errors import LocalExecutionError
from pipelines.local.events import Event, Events
from pipelines.local.execution import LocalExecution
from pipelines.local.history import executions
from pipelines.local.locks import locked
from pipelines.local.scheduler_state import State
from pipelines.local.stand_ins.pipelines import PipelinesStandIn, Start
from pipelines.timetable import Rate, parse_expression
from pipelines.triggers import ApprovalRule, DriftRule, Schedule, at_time

_POLL_SECONDS = 5.0
"""How soon what happens in other processes is noticed."""

Respond: TypeAlias = Callable[..., Mapping[str, str]]
"""A Lambda function: takes an event and, by keyword, the client `sagemaker`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Triggers:
    """What starts executions."""

    schedules: Sequence[Schedule]
    drift: DriftRule
    approval: ApprovalRule
    group: str
    """Model package group that approvals count of, and whose approved package is trained anew."""


class Scheduler:
    """The schedules and rules of one root."""

    def __init__(
        self,
        root: Path,
        triggers: Triggers,
        *,
        start: Start,
        start_retraining: Respond,
        approved_training: Callable[[str, Any], Mapping[str, str]],
        say: Callable[[str], None],
        now: Callable[[], datetime] = utc_now,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare; nothing starts before `run`.

        Args:
            root: Folder of the object store, the executions and the model packages.
            triggers: What starts executions.
            start: Runs a pipeline.
            start_retraining: The function that the drift rule calls.
            approved_training: What the newest approved package of a group was trained with, asked
                of a SageMaker client.
            say: Told each thing that happens, as a line for a person.
            now: The clock.
            wait: Waits for some seconds.
        """
        self._root = root
        self._directory = root / "scheduler"
        self._triggers = triggers
        self._start = start
        self._start_retraining = start_retraining
        self._approved_training = approved_training
        self._tell = say
        self._now = now
        self._wait = wait
        self._sagemaker = PipelinesStandIn(root, self._execute)
        self._told: set[str] = set()
        self.stopped: LocalExecution | None = None
        """The execution that was stopped, which ended the scheduler."""
        self.has_failure = False
        """Whether an execution did not succeed, or could not start."""

    def run(self, *, is_once: bool) -> None:
        """Do what is to be done, again and again, until an execution is stopped.

        Args:
            is_once: Whether to end when nothing is left to be done now.

        Raises:
            LocalExecutionError: Another scheduler runs under this root.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        with locked(self._directory / "lock") as lock:
            if lock is None:
                raise LocalExecutionError(
                    f"Another scheduler runs under '{self._root}'; end it, or name another root."
                )
            self._state = State.read(self._directory / "state.json", now=self._now())
            self._events = Events(self._root, since=self._state.since)
            self._begin()
            while True:
                while self.stopped is None and (self._answer() or self._fire()):
                    pass
                if is_once or self.stopped is not None:
                    return
                self._wait(_POLL_SECONDS)

    def _begin(self) -> None:
        """Let every schedule that is new, or has another expression, begin now."""
        now = self._now()
        due = {}
        for schedule in self._triggers.schedules:
            expression, moment = self._state.due.get(schedule.pipeline, ("", now))
            if expression != schedule.expression:
                timetable = parse_expression(schedule.expression)
                # As in the service, a schedule with a rate is due at once.
                period = timetable.period if isinstance(timetable, Rate) else timedelta()
                moment = now - period
            due[schedule.pipeline] = (schedule.expression, moment)
            following = parse_expression(schedule.expression).next_after(moment)
            if following is None:
                when = "never again"
            else:
                when = f"{'due since' if following <= now else 'next at'} {_text(following)}"
            self._say(f"{schedule.pipeline}: {schedule.expression}, {when}")
        self._save(replace(self._state, due=due))

    def _answer(self) -> bool:
        """Answer the first event that waits, if one does; whether something was done."""
        rules = self._triggers
        drift = self._events.step_failures(rules.drift.pipeline, rules.drift.step)
        for event in self._unanswered(drift):
            with self._answering(event):
                self._answer_drift(event)
            return True
        for event in self._unanswered(self._events.approvals(rules.group)):
            if self._is_free(rules.approval.pipeline):
                self._say(f"{_name(event.arn)} was approved: starting {rules.approval.pipeline}.")
                with self._answering(event), suppress(LocalExecutionError):
                    self._execute(rules.approval.pipeline, {rules.approval.parameter: event.arn})
                return True
        return False

    def _unanswered(self, events: Iterable[Event]) -> list[Event]:
        return [event for event in events if event.id not in self._state.answered]

    def _answering(self, event: Event) -> AbstractContextManager[None]:
        return self._doing(replace(self._state, answered=self._state.answered | {event.id}))

    def _answer_drift(self, event: Event) -> None:
        rule = self._triggers.drift
        self._say(f"{_name(event.arn)} failed in {rule.step}: calling {rule.function}.")
        request = rule.event(
            execution_arn=event.arn,
            time=event.time.isoformat(),
            pipeline_name=rule.retraining,
            group=self._triggers.group,
        )
        try:
            answer = self._start_retraining(request, sagemaker=self._sagemaker)
        except Exception as error:  # noqa: BLE001 - as on Lambda, it is the function's failure
            self.has_failure = True
            self._say(f"{rule.function} failed: {type(error).__name__}: {error}")
        else:
            self._say(answer["Message"])

    def _fire(self) -> bool:
        """Start the first execution that is due, if one is; whether something was done."""
        for schedule in self._triggers.schedules:
            missed = self._missed(schedule)
            if not missed or not self._is_free(schedule.pipeline):
                continue
            due = {**self._state.due, schedule.pipeline: (schedule.expression, missed[-1])}
            more = f", and {len(missed) - 1} times before" if len(missed) > 1 else ""
            self._say(f"{schedule.pipeline} was due at {_text(missed[-1])}{more}: starting it.")
            approved = (
                self._approved_training(self._triggers.group, self._sagemaker)
                if schedule.repeats_training
                else {}
            )
            with self._doing(replace(self._state, due=due)), suppress(LocalExecutionError):
                self._execute(
                    schedule.pipeline, at_time(schedule.execution_parameters(approved), missed[-1])
                )
            return True
        return False

    def _missed(self, schedule: Schedule) -> list[datetime]:
        """Times at which it was due since it last ran."""
        timetable = parse_expression(schedule.expression)
        _, moment = self._state.due[schedule.pipeline]
        missed: list[datetime] = []
        now = self._now()
        following = timetable.next_after(moment)
        while following is not None and following <= now:
            missed.append(following)
            following = timetable.next_after(following)
        return missed

    def _is_free(self, pipeline: str) -> bool:
        """Whether no other process runs the pipeline; otherwise it has to wait."""
        for recorded in executions(self._root, pipeline=pipeline):
            if recorded.is_running:
                arn = recorded.execution.arn
                if arn not in self._told:
                    self._told.add(arn)
                    self._say(f"{pipeline} waits for the end of {_name(arn)}.")
                return False
        return True

    def _execute(self, pipeline: str, parameters: Mapping[str, str]) -> LocalExecution:
        """Run a pipeline to its end.

        Raises:
            LocalExecutionError: It could not start; a person has been told.
        """
        try:
            execution = self._start(pipeline, parameters)
        except LocalExecutionError as error:
            self.has_failure = True
            self._say(f"{pipeline} was not started: {error}")
            raise
        if execution.status is Status.STOPPED:
            self.stopped = execution
        self.has_failure |= execution.status is not Status.SUCCEEDED
        return execution

    @contextmanager
    def _doing(self, done: State) -> Iterator[None]:
        """Remember that something is done; forget it if Ctrl-C comes before an execution runs."""
        before = self._state
        self._save(done)
        try:
            yield
        except KeyboardInterrupt:  # Executions take it for themselves: they are stopped.
            self._save(before)
            raise

    def _save(self, state: State) -> None:
        self._state = state
        state.write(self._directory / "state.json")

    def _say(self, text: str) -> None:
        self._tell(f"{_text(self._now())}  {text}")


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _name(arn: str) -> str:
    """What follows the kind of resource in an ARN, for example `dogs/3`."""
    return arn.partition("/")[2]
