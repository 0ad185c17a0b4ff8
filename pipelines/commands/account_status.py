"""What the command `status` shows of an account."""

import json
import sys

from pipelines.account.clients import Clients
from pipelines.account.deployed import deployed_pipelines
from pipelines.account.executions import (
    NO_EXECUTIONS,
    Listed,
    find_execution,
    list_executions,
    read_execution,
    with_reasons,
)
from pipelines.catalogue import CATALOGUE
from pipelines.commands.usage import print_list
from pipelines.display import describe
from pipelines.execution import utc_now
from steps.site import Site

_NUM_OF_ONE = 20
_NUM_OF_EACH = 5
"""How many executions of one pipeline, and of each of all pipelines, are listed."""


def show_account(text: str | None, site: Site, clients: Clients, *, as_json: bool) -> None:
    """Print executions of an account, or the steps of one.

    Args:
        text: An execution; a pipeline, for its executions; None for those of all.
        site: The site.
        clients: Clients of its account.
        as_json: Whether to print JSON.

    Raises:
        AccountError: There is no such pipeline or execution, or the account cannot be read.
    """
    if text is None or text in CATALOGUE:
        found = _list(text, site, clients)
        if as_json:
            print(json.dumps([item.to_document() for item in found], indent=2, sort_keys=True))
        elif not found:
            print(NO_EXECUTIONS, file=sys.stderr)
        else:
            header = ("PIPELINE", "EXECUTION", "STATUS", "STARTED (UTC)", "NAME", "REASON")
            print_list([header, *map(_row, with_reasons(found, clients))])
        return
    execution = read_execution(find_execution(text, site, clients), site, clients)
    if as_json:
        print(json.dumps(execution.to_document(), indent=2, sort_keys=True))
        return
    for line in describe(execution, utc_now()):
        print(line)


def _list(name: str | None, site: Site, clients: Clients) -> list[Listed]:
    if name is not None:
        return list_executions(name, site, clients, num_executions=_NUM_OF_ONE)
    found = [
        item
        for deployed in sorted(deployed_pipelines(site, clients))
        for item in list_executions(deployed, site, clients, num_executions=_NUM_OF_EACH)
    ]
    return sorted(found, key=lambda item: item.started, reverse=True)


def _row(item: Listed) -> tuple[str, ...]:
    return (
        item.pipeline,
        item.id,
        str(item.status),
        f"{item.started:%Y-%m-%d %H:%M:%S}",
        item.display_name,
        item.failure_reason,
    )
