"""The command `stack`: a CloudFormation template of what the site names."""

import argparse
import json
import sys

from pipelines.commands.usage import Commands, site


def add(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "stack",
        help="a CloudFormation template of the roles, bucket and queue that the site names",
        description="Print a CloudFormation template of what the site names and publishing does "
        "not make: the roles with their least policies, the bucket, the group of the schedules, "
        "and the dead-letter queue.",
    )
    command.add_argument(
        "--without-bucket",
        action="store_true",
        help="leave out the bucket, which a stack cannot make where it exists: SageMaker often has "
        "made sagemaker-<region>-<account>, the default, already",
    )
    command.set_defaults(command=_stack)


def _stack(arguments: argparse.Namespace) -> int:
    from pipelines.compile import compile_definitions
    from pipelines.permissions.roles import role_permissions
    from pipelines.stack import named_elsewhere, stack_template

    target = site()
    definitions = compile_definitions(target)
    needed = role_permissions(target, definitions, names=list(definitions), parameters={})
    template = stack_template(
        target, list(needed.values()), has_bucket=not arguments.without_bucket
    )
    print(json.dumps(template, indent=2, sort_keys=True))
    for arn in named_elsewhere(target):
        print(f"Left out, because of another account or region: {arn}.", file=sys.stderr)
    print(
        "Deploy it: aws cloudformation deploy --template-file stack.json --stack-name "
        f"pipelines-{target.project} --region {target.region} --capabilities CAPABILITY_NAMED_IAM",
        file=sys.stderr,
    )
    return 0
