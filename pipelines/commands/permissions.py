"""The command `permissions`: the least IAM policies, and what is wrong with those in force."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.catalogue import CATALOGUE
from pipelines.commands.usage import (
    Commands,
    UsageError,
    add_names,
    add_parameters,
    assignments,
    print_table,
    site,
)
from pipelines.wording import alternatives, file_error

if TYPE_CHECKING:
    from pipelines.definition import Json
    from pipelines.permissions.roles import Permissions, Role

_ROLES = {
    "execution": "pipelines and their jobs",
    "functions": "the Lambda functions",
    "triggers": "schedules and rules",
    "publisher": "whoever plans, upserts, starts, watches, approves and deletes",
    "traffic": "whoever runs 'traffic --account'",
}
"""The roles, and who has them."""


def add(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "permissions",
        help="the least IAM policies of pipelines, or what others lack",
        description="Prints the least IAM policies that pipelines need, by role, with the trust "
        "policies of the roles that services take; why a * is left in them is said on standard "
        "error. With --compare, prints what a policy lacks or has too much, one line for each set "
        "of actions and resources; the exit code is 1 if something is missing.",
    )
    add_names(command, default="pipelines to be allowed (default: all)")
    command.add_argument(
        "--role",
        choices=_ROLES,
        help="print the policy of one role alone, to paste: "
        + "; ".join(f"{role} is that of {who}" for role, who in _ROLES.items()),
    )
    command.add_argument(
        "--compare",
        metavar="POLICY",
        help="file of the policy that the --role has, or of a list of policies; - is standard "
        "input",
    )
    command.add_argument(
        "--json",
        action="store_true",
        help="print what --compare finds as JSON; the policies are JSON anyway",
    )
    add_parameters(command)
    command.set_defaults(command=_permissions)


def _permissions(arguments: argparse.Namespace) -> int:
    if arguments.compare is not None and arguments.role is None:
        raise UsageError(
            f"--compare needs --role, which says what the policy is for: {', '.join(_ROLES)}."
        )
    policies = [] if arguments.compare is None else _policies(arguments.compare)
    roles = _roles(arguments)
    if arguments.compare is not None:
        return _compare(roles[arguments.role], policies, is_json=arguments.json)
    if arguments.role is None:
        document: object = {str(role): item.to_document() for role, item in roles.items()}
    else:
        roles = {arguments.role: roles[arguments.role]}
        found = roles[arguments.role].policies
        document = found[0] if len(found) == 1 else found
        print(_what_to_do(roles[arguments.role]), file=sys.stderr)
    print(json.dumps(document, indent=2))
    sids: dict[tuple[str, str], list[str]] = {}
    for role, item in roles.items():
        for statement in item.statements:
            if statement.reason:
                sids.setdefault((str(role), statement.reason), []).append(statement.sid)
    if sids:
        rows = [(role, ", ".join(names), reason) for (role, reason), names in sids.items()]
        print("Wildcards that are left, and why:", file=sys.stderr)
        print_table([("ROLE", "STATEMENTS", "REASON"), *rows], stream=sys.stderr)
    return 0


def _what_to_do(needed: "Permissions") -> str:
    """What to do with the policies of a role."""
    number = len(needed.policies)
    if not number:
        return f"Role {needed.role} needs nothing."
    owner = needed.role_arn or f"the role of {_ROLES[needed.role]}"
    text = f"Attach it to {owner}."
    if number > 1:
        text = f"A list of {number} policies, as IAM takes no longer ones: attach each to {owner}."
    return f"{text} Its trust policy is printed without --role." if needed.services else text


def _roles(arguments: argparse.Namespace) -> "Mapping[Role, Permissions]":
    from pipelines.compile import compile_definitions
    from pipelines.permissions.roles import role_permissions

    settings = site()
    # All of them: models that one pipeline registers are served by another.
    definitions = compile_definitions(settings)
    names = arguments.names or list(CATALOGUE)
    parameters = assignments(arguments.parameter)
    declared = {item["Name"] for name in names for item in definitions[name]["Parameters"]}
    for parameter in parameters:
        if parameter not in declared:
            raise UsageError(
                f"Parameter '{parameter}' is not declared by {', '.join(names)}. "
                f"{alternatives(parameter, declared, 'Declared')}"
            )
    return role_permissions(settings, definitions, names=names, parameters=parameters)


def _policies(path: str) -> "list[Mapping[str, Json]]":
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
        document = json.loads(text)
    except (OSError, ValueError) as error:
        raise UsageError(f"The policy '{path}' cannot be read: {file_error(error)}.") from error
    policies = document if isinstance(document, list) else [document]
    if not all(map(_is_policy, policies)):
        raise UsageError(
            f"'{path}' is no IAM policy: expected an object whose Statement has objects with "
            "Effect, Action or NotAction, and Resource or NotResource, or a list of such objects."
        )
    return policies


def _is_policy(document: object) -> bool:
    if not isinstance(document, dict):
        return False
    statements = document.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    return isinstance(statements, list) and all(
        isinstance(statement, dict)
        and statement.get("Effect") in {"Allow", "Deny"}
        and bool({"Action", "NotAction"} & statement.keys())
        and bool({"Resource", "NotResource"} & statement.keys())
        for statement in statements
    )


def _compare(needed: "Permissions", policies: "list[Mapping[str, Json]]", *, is_json: bool) -> int:
    from pipelines.permissions.compact import compact
    from pipelines.permissions.comparison import Kind, compare

    differences = compare(needed.statements, policies)
    if is_json:
        document = [item.to_document() for item in differences]
        print(json.dumps(document, indent=2, sort_keys=True))
    else:
        width = max(map(len, Kind))
        for item in differences:
            what = f"{compact(item.actions)} on {compact(item.resources)}"
            print(f"{item.kind:<{width}}  {what} ({item.reason})")
    counts = {kind: sum(item.kind is kind for item in differences) for kind in Kind}
    print(
        f"Role {needed.role}: " + ", ".join(f"{count} {kind}" for kind, count in counts.items()),
        file=sys.stderr,
    )
    return 1 if counts[Kind.MISSING] else 0
