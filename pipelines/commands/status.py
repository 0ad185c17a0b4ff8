"""The command `status`: executions of this machine or of the account, or the steps of one."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from pipelines.commands.usage import (
    Commands,
    UsageError,
    add_root,
    next_command,
    print_list,
    print_table,
    site,
)

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from pipelines.execution import StepExecution
    from pipelines.local.execution import LocalExecution
    from pipelines.local.history import Recorded

_LATEST = "latest"
_DIED = "Died"


def add(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add_parser("status", help="executions, or the steps and logs of one")
    command.add_argument(
        "execution",
        nargs="?",
        metavar="EXECUTION",
        help=f"<id>, <pipeline>/<id> or '{_LATEST}'; of this machine also how one of them begins, "
        "of the account also an ARN",
    )
    command.add_argument("--json", action="store_true", help="print JSON")
    command.add_argument(
        "--account",
        action="store_true",
        help="show the account's executions, not this machine's; a pipeline's name lists its own",
    )
    add_root(command)
    command.set_defaults(command=_status)


def _status(arguments: argparse.Namespace) -> int:
    if arguments.account:
        from pipelines.account.clients import Clients
        from pipelines.commands.account_status import show_account

        target = site()
        show_account(arguments.execution, target, Clients(target), as_json=arguments.json)
        return 0
    from pipelines.local.history import executions

    found = executions(arguments.root)
    if arguments.execution is not None:
        _show(_choose(arguments.execution, found), arguments)
    elif arguments.json:
        print(json.dumps([_summary(recorded) for recorded in found], indent=2, sort_keys=True))
    elif found:
        header = ("PIPELINE", "EXECUTION", "STATUS", "STARTED (UTC)", "SECONDS", "REASON")
        print_list([header, *map(_row, found)])
    else:
        words = next_command("run training --images DIR", arguments.root)
        print(f"No executions under '{arguments.root}'; start one with {words}.", file=sys.stderr)
    return 0


def _row(recorded: "Recorded") -> tuple[str, ...]:
    from pipelines.display import declared_reason

    execution = recorded.execution
    return (
        execution.pipeline,
        execution.id,
        _DIED if recorded.has_died else str(execution.status),
        f"{execution.started:%Y-%m-%d %H:%M:%S}",
        f"{execution.seconds:.1f}" if execution.ended else "",
        declared_reason(execution.steps) or execution.failure_reason or "",
    )


def _summary(recorded: "Recorded") -> dict[str, object]:
    steps = "PipelineExecutionSteps"
    members = {name: value for name, value in recorded.document.items() if name != steps}
    return {**members, "IsRunning": recorded.is_running, "Path": str(recorded.execution.path)}


def _choose(text: str, found: "list[Recorded]") -> "Recorded":
    from pipelines.local.errors import choices

    if text == _LATEST and found:
        return found[0]
    names = {f"{item.execution.pipeline}/{item.execution.id}": item for item in found}
    matches = [name for name in names if text in {name, name.partition("/")[2]}]
    if not matches:
        matches = [
            name
            for name in names
            if name.startswith(text) or name.partition("/")[2].startswith(text)
        ]
    if len(matches) == 1:
        return names[matches[0]]
    if matches:
        raise UsageError(f"'{text}' fits several executions: {choices(matches)}.")
    raise UsageError(
        f"There is no execution '{text}' on this machine. Executions: {choices(list(names))}. "
        f"'pipelines status --account {text}' looks in the account."
    )


def _show(recorded: "Recorded", arguments: argparse.Namespace) -> None:
    from pipelines.display import failure, header, last_line
    from pipelines.execution import utc_now

    execution = recorded.execution
    if arguments.json:
        steps = [
            {**step, "LogPaths": [str(path) for path in _logs(execution, step["StepName"])]}
            for step in recorded.document["PipelineExecutionSteps"]
        ]
        document = {**_summary(recorded), "PipelineExecutionSteps": steps}
        print(json.dumps(document, indent=2, sort_keys=True))
        return
    print(header(execution))
    print_table(
        [
            ("STEP", "TYPE", "STATUS", "SECONDS", "LOG", "SUMMARY"),
            *(_step_row(step, recorded, utc_now()) for step in execution.steps),
        ]
    )
    for line in failure(execution):
        print(line)
    if recorded.has_died:
        words = f"run {execution.pipeline} --resume {execution.id}"
        print(f"{_DIED}. {execution.path}")
        print(
            f"Its process ended before it did; go on with {next_command(words, arguments.root)}.",
            file=sys.stderr,
        )
    else:
        print(last_line(execution, utc_now()))


def _step_row(step: "StepExecution", recorded: "Recorded", now: "datetime") -> tuple[str, ...]:
    from pipelines.display import one_line, step_cells
    from pipelines.execution import Status

    name, kind, word, seconds = step_cells(step, recorded.execution, now)
    if recorded.has_died and step.status is Status.EXECUTING:
        word, seconds = _DIED, ""
    log = _where(_logs(recorded.execution, step.name), recorded.execution)
    return name, kind, word, seconds, log, one_line(step)


def _logs(execution: "LocalExecution", step: str) -> "list[Path]":
    """Logs of a step's jobs: of the first attempt, of others, and of the jobs in each."""
    directory = execution.path / "steps" / step
    patterns = ("log.txt", "*/log.txt", "attempt-*/*/log.txt")
    paths = [path for pattern in patterns for path in sorted(directory.glob(pattern))]
    return [path for path in paths if path.parent.name != "ml"]


def _where(logs: "list[Path]", execution: "LocalExecution") -> str:
    """The first log, and how many more there are, relative to the execution's folder."""
    if not logs:
        return "-"
    more = f" (+{len(logs) - 1})" if len(logs) > 1 else ""
    return f"{logs[0].relative_to(execution.path)}{more}"
