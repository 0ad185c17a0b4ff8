"""Runs a pipeline definition on this machine."""

import queue
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from pipelines.definition import COMPLETED, Json, Step
from pipelines.display import Display
from pipelines.execution import Status, StepExecution, first_failure, utc_now
from pipelines.local.cache import CACHEABLE, StepCache, cache_key
from pipelines.local.errors import LocalExecutionError, StepFailed, TransientFault
from pipelines.local.execution import (
    Earlier,
    LocalExecution,
    create_folder,
    failed_job,
    hold,
    load_earlier,
    pipeline_arn,
)
from pipelines.local.expressions import Scope
from pipelines.local.files import to_json, write_json, write_text
from pipelines.local.hosting import Hosting
from pipelines.local.jobs.machine import MAX_REASON_CHARACTERS, Machine, Stopped
from pipelines.local.preflight import EXECUTION_VARIABLES, Prepared, prepare
from pipelines.local.processes import JobServer
from pipelines.local.registry import Registry
from pipelines.local.retries import retry_delay
from pipelines.local.signals import stopping_on_signals
from pipelines.local.steps import Bench, Result, run_step
from pipelines.local.store import LocalStore

_POLL_SECONDS = 0.2
_STOP_SECONDS = 10.0
"""How long a step has to heed a request to stop; its jobs are killed at once."""
_OUTCOMES = {
    COMPLETED: frozenset({Status.SUCCEEDED}),
    "Failed": frozenset({Status.FAILED}),
    "Stopped": frozenset({Status.STOPPED}),
    "Any": frozenset({Status.SUCCEEDED, Status.FAILED, Status.STOPPED}),
}
"""Statuses that a dependency with a trigger accepts."""
_NEVER_REUSED = frozenset({"Condition", "Endpoint", "Fail"})
"""Types that run again when an execution is resumed: an endpoint may have been changed since."""


def run(
    definition: Mapping[str, Json],
    parameters: Mapping[str, str],
    *,
    pipeline: str,
    root: Path,
    functions_dir: Path,
    display: Display,
    resume: str | None = None,
    server: JobServer | None = None,
    num_cores: int | None = None,
    now: Callable[[], datetime] = utc_now,
) -> LocalExecution:
    """Run a pipeline definition to its end.

    Everything that can be checked is checked before the first job starts. SIGINT and SIGTERM stop
    the execution: its jobs are killed and its status is Stopped.

    Args:
        definition: The pipeline definition.
        parameters: Values of pipeline parameters, as text.
        pipeline: Name of the pipeline.
        root: Folder of the object store, the executions and the model packages.
        functions_dir: Folder of the code of Lambda steps.
        display: Told how it goes.
        resume: Id of an execution that did not succeed, to go on in its folder with its parameters:
            a step that succeeded runs again only if its arguments, or a step before it, changed,
            or if it is an Endpoint step.
        server: A job server that was started earlier; None to start one for this execution.
        num_cores: Cores that the jobs share; None for those of this process.
        now: The clock.

    Raises:
        LocalExecutionError: The definition or the parameters cannot be run. A step that fails
            raises nothing: it is in the result.
    """
    earlier = load_earlier(root, pipeline, resume) if resume is not None else None
    given = {**(earlier.parameters if earlier else {}), **parameters}
    store = LocalStore(root)
    prepared = prepare(
        definition,
        given,
        pipeline=pipeline,
        store=store,
        functions_dir=functions_dir,
        num_cores=num_cores,
    )
    started = now()
    path = earlier.path if earlier else create_folder(root, pipeline, now=started)
    with ExitStack() as stack:
        stack.enter_context(hold(path))
        write_text(path / "definition.json", to_json(definition))
        machine = Machine(
            store=store,
            server=server or stack.enter_context(JobServer()),
            home_dir=root.resolve() / "home",
            now=now,
            is_stopping=threading.Event(),
        )
        stack.callback(machine.is_stopping.set)  # However this ends, no step goes on.
        stack.enter_context(stopping_on_signals(machine.is_stopping))
        runner = _Runner(
            execution=LocalExecution(
                id=path.name,
                pipeline=pipeline,
                path=path,
                status=Status.EXECUTING,
                started=started,
                ended=None,
                parameters=prepared.parameters,
                definition_digest=sha256(to_json(definition).encode()).hexdigest()[:7],
                steps=(),
            ),
            prepared=prepared,
            machine=machine,
            root=root,
            display=display,
            earlier=earlier,
        )
        return runner.run()


class _Runner:
    """One execution while it runs. Only the thread of `run` changes the steps' records."""

    def __init__(
        self,
        *,
        execution: LocalExecution,
        prepared: Prepared,
        machine: Machine,
        root: Path,
        display: Display,
        earlier: Earlier | None,
    ) -> None:
        self._execution = execution
        self._graph = prepared.graph
        self._num_threads = prepared.num_threads
        self._machine = machine
        self._display = display
        self._earlier = earlier
        self._cache = StepCache(root, pipeline=execution.pipeline)
        self._events: queue.SimpleQueue[StepExecution] = queue.SimpleQueue()
        self._num_attempts: dict[str, int] = {}
        self._reused: set[str] = set()
        self._steps = {
            name: StepExecution(
                name=name,
                type=step.type,
                status=Status.SKIPPED,
                attempts=self._num_earlier(name),
            )
            for name, step in prepared.graph.steps.items()
        }
        variables = (
            execution.pipeline, pipeline_arn(execution.pipeline), execution.id, execution.arn,
            execution.started.isoformat(), execution.started.isoformat(),
        )  # fmt: skip
        self._scope = Scope(
            parameters=execution.parameters,
            execution=dict(zip(EXECUTION_VARIABLES, variables, strict=True)),
            store=machine.store,
            property_files={
                name: {
                    item["PropertyFileName"]: (item["OutputName"], item["FilePath"])
                    for item in step.body.get("PropertyFiles", [])
                }
                for name, step in prepared.graph.steps.items()
            },
        )
        self._bench = Bench(
            execution_id=execution.id,
            root=root,
            machine=machine,
            registry=Registry(root),
            hosting=Hosting(root),
            functions=prepared.functions,
            on_progress=self._on_progress,
        )

    def run(self) -> LocalExecution:
        """Run every step that is due until none is left."""
        self._save(Status.EXECUTING)
        self._display.begin(self._execution, self._graph.num_steps_at_most())
        waiting = list(self._graph.steps)
        running: set[str] = set()
        while waiting or running:
            for name in [name for name in waiting if self._is_decided(name, waiting, running)]:
                waiting.remove(name)
                if self._is_due(name):
                    running.add(name)
                    self._start(name)
            if running:
                record = self._next_event(running)
                if record.status is not Status.EXECUTING:
                    running.remove(record.name)
                self._record(record)
        failed = first_failure(list(self._steps.values()))
        if self._machine.is_stopping.is_set():
            self._save(Status.STOPPED, "The execution was stopped.")
        elif failed is not None:
            self._save(
                Status.COMPLETED_WITH_FAILURES if self._are_failures_followed() else Status.FAILED,
                failed.failure,
            )
        else:
            self._save(Status.SUCCEEDED)
        self._display.finish(self._execution)
        return self._execution

    def _start(self, name: str) -> None:
        record = replace(
            self._steps[name],
            status=Status.EXECUTING,
            started=self._machine.now(),
            attempts=self._num_earlier(name) + 1,
        )
        self._record(record)
        # A daemon, so that code of a function that never returns cannot keep this process alive.
        threading.Thread(
            target=self._run_step, args=(self._graph.steps[name], record), name=name, daemon=True
        ).start()

    def _next_event(self, running: set[str]) -> StepExecution:
        """The next news of a running step; a step that heeds no request to stop is left behind."""
        while True:
            is_stopping = self._machine.is_stopping.is_set()
            with suppress(queue.Empty):
                record = self._events.get(timeout=_STOP_SECONDS if is_stopping else _POLL_SECONDS)
                if record.name in running:
                    return record
                continue
            if is_stopping:
                stuck = self._steps[min(running)]
                return replace(stuck, status=Status.STOPPED, ended=self._machine.now())

    def _is_decided(self, name: str, waiting: list[str], running: set[str]) -> bool:
        return self._graph.triggers[name].keys().isdisjoint(running | set(waiting))

    def _is_due(self, name: str) -> bool:
        """Whether a step whose dependencies have ended is to run."""
        if self._machine.is_stopping.is_set():
            return False
        has_failed = first_failure(list(self._steps.values())) is not None
        if has_failed and not self._graph.may_follow_failure(name):
            return False
        triggers = self._graph.triggers[name]
        if any(self._steps[other].status not in _OUTCOMES[triggers[other]] for other in triggers):
            return False
        branch = self._graph.steps[name].branch
        if branch is None:
            return True
        condition, outcome = branch
        return bool(self._scope.properties[condition]["Outcome"] == str(outcome))

    def _are_failures_followed(self) -> bool:
        """Whether every step that failed is the reason why another one ran; none does of a Fail."""
        ran = [step.name for step in self._steps.values() if step.status is not Status.SKIPPED]
        followed = {
            other
            for name in ran
            for other, outcome in self._graph.triggers[name].items()
            if outcome != COMPLETED
        }
        failed = {step.name for step in self._steps.values() if step.status is Status.FAILED}
        return failed <= followed

    def _record(self, record: StepExecution) -> None:
        previous = self._steps[record.name]
        self._steps[record.name] = record
        if record.status is Status.SUCCEEDED:
            self._scope.properties[record.name] = record.properties
        if record.status is not previous.status:
            self._save(self._execution.status)
        self._display.update(record)

    def _save(self, status: Status, reason: str | None = None) -> None:
        self._execution = replace(
            self._execution,
            status=status,
            failure_reason=reason,
            ended=None if status is Status.EXECUTING else self._machine.now(),
            steps=tuple(self._steps.values()),
        )
        self._execution.save()

    def _on_progress(self, name: str, text: str) -> None:
        record = self._steps[name]
        if record.summary != text:
            self._events.put(replace(record, summary=text))

    def _run_step(self, step: Step, record: StepExecution) -> None:
        """Run a step in its own thread and report how it ended."""
        try:
            record = self._outcome(step, record)
        except Stopped:
            record = replace(record, status=Status.STOPPED)
        except Exception as error:  # noqa: BLE001 - whatever a step raises is its failure
            is_ours = isinstance(error, LocalExecutionError)
            job_dir = error.job_dir if isinstance(error, StepFailed) else None
            reason = str(error) if is_ours else f"{type(error).__name__}: {error}"
            record = replace(
                record,
                status=Status.FAILED,
                failure_reason=reason[:MAX_REASON_CHARACTERS],
                metadata={"Fail": {"ErrorMessage": reason}} if step.type == "Fail" else {},
                failed_job=failed_job(job_dir) if job_dir is not None else None,
            )
        attempts = self._num_earlier(step.name) + self._num_attempts.get(step.name, 0)
        self._events.put(replace(record, attempts=attempts, ended=self._machine.now()))

    def _outcome(self, step: Step, record: StepExecution) -> StepExecution:
        arguments = {} if step.type == "Condition" else self._scope.resolve(step.own["Arguments"])
        result_path = self._execution.path / "steps" / step.name / "result.json"
        config = step.body.get("CacheConfig", {})
        is_cached = bool(config.get("Enabled")) and step.type in CACHEABLE
        key = cache_key(step, arguments) if is_cached else ""
        entry: Mapping[str, Json] | None = self._reusable(step, arguments)
        if entry is not None:
            self._reused.add(step.name)
        elif is_cached:
            entry = self._cache.find(step.name, key, config=config, now=self._machine.now())
            if entry is not None:
                record = replace(record, cache_source=str(entry["SourcePipelineExecutionArn"]))
        if entry is not None:
            result = Result(
                properties=entry["Properties"], metadata=entry["Metadata"], summary=entry["Summary"]
            )
        else:
            result = self._run_with_retries(step, arguments)
            if is_cached:
                self._cache.add(
                    step.name,
                    key,
                    properties=result.properties,
                    metadata=result.metadata,
                    summary=result.summary,
                    execution_arn=self._execution.arn,
                    now=self._machine.now(),
                )
        write_json(
            result_path,
            {
                "Arguments": arguments,
                "Properties": result.properties,
                "Metadata": result.metadata,
                "Summary": result.summary,
            },
        )
        return replace(
            record,
            status=Status.SUCCEEDED,
            properties=result.properties,
            metadata=result.metadata,
            summary=result.summary,
        )

    def _reusable(self, step: Step, arguments: Json) -> Mapping[str, Json] | None:
        """What the resumed execution left of a step, if running it again could give nothing new."""
        if self._earlier is None or step.type in _NEVER_REUSED:
            return None
        if any(
            other not in self._reused and self._graph.steps[other].type != "Condition"
            for other in self._graph.triggers[step.name]
        ):
            return None
        result = self._earlier.results.get(step.name)
        return result if result is not None and result["Arguments"] == arguments else None

    def _num_earlier(self, name: str) -> int:
        return self._earlier.attempts.get(name, 0) if self._earlier is not None else 0

    def _run_with_retries(self, step: Step, arguments: Json) -> Result:
        started = time.monotonic()
        num_retries = 0
        while True:
            attempt = self._num_earlier(step.name) + num_retries + 1
            self._num_attempts[step.name] = num_retries + 1
            directory = self._execution.path / "steps" / step.name
            try:
                return run_step(
                    step,
                    arguments,
                    scope=self._scope,
                    directory=directory if attempt == 1 else directory / f"attempt-{attempt}",
                    attempt=attempt,
                    num_threads=self._num_threads[step.name],
                    bench=self._bench,
                )
            except TransientFault as fault:
                if self._machine.is_stopping.is_set():
                    raise Stopped from fault
                delay = retry_delay(
                    step.body.get("RetryPolicies", []),
                    fault,
                    num_retries=num_retries,
                    elapsed_seconds=time.monotonic() - started,
                )
                if delay is None:
                    raise
                if self._machine.is_stopping.wait(delay):
                    raise Stopped from fault
                num_retries += 1
