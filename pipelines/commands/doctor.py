"""The command `doctor`: whether the account has all that the pipelines need."""

import argparse
import json
import sys
from collections import Counter
from datetime import UTC, datetime
from functools import partial

from pipelines.commands.usage import Commands, site

MAX_ATTEMPTS = 2
"""Of a call: a person waits."""


def add(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "doctor", help="whether the account has what the pipelines need, and what to do"
    )
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(command=_doctor)


def _doctor(arguments: argparse.Namespace) -> int:
    from pipelines.account.clients import Clients
    from pipelines.account.doctor import doctor
    from pipelines.account.health import Verdict
    from pipelines.compile import compile_definitions

    target = site()
    width = max(map(len, Verdict))
    findings = []
    for finding in doctor(
        target,
        partial(compile_definitions, target),
        Clients(target, max_attempts=MAX_ATTEMPTS),
        now=lambda: datetime.now(UTC),  # noqa: TID251 - compared with the service's clock
    ):
        findings.append(finding)
        if not arguments.json:
            # Of each thing at once: the definitions alone take seconds to make.
            print(f"{finding.verdict:<{width}}  {finding.subject}: {finding.text}", flush=True)
    if arguments.json:
        document = [finding.to_document() for finding in findings]
        print(json.dumps(document, indent=2, sort_keys=True))
    counts = Counter(finding.verdict for finding in findings)
    print(", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict), file=sys.stderr)
    return 1 if counts[Verdict.PROBLEM] else 0
