"""The command `doctor`: whether the account has all that the pipelines need."""

import argparse
import json
import sys
from datetime import UTC, datetime

from pipelines.catalogue import CATALOGUE
from pipelines.commands.usage import Commands, print_table, site

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
    from pipelines.compile import compile_pipeline
    from pipelines.definition import load

    target = site()
    definitions = {name: load(compile_pipeline(name, target).definition) for name in CATALOGUE}
    findings = doctor(
        target,
        definitions,
        Clients(target, max_attempts=MAX_ATTEMPTS),
        now=lambda: datetime.now(UTC),  # noqa: TID251 - compared with the service's clock
    )
    if arguments.json:
        document = [finding.to_document() for finding in findings]
        print(json.dumps(document, indent=2, sort_keys=True))
    else:
        print_table([(str(item.verdict), item.subject, item.text) for item in findings])
    counts = {verdict: sum(item.verdict is verdict for item in findings) for verdict in Verdict}
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()), file=sys.stderr)
    return 1 if counts[Verdict.PROBLEM] else 0
