"""The triggers' role: it starts pipelines, and keeps what could not start."""

from collections.abc import Mapping

from pipelines.permissions.roles import Permissions, Role
from pipelines.permissions.triggers import dead_letter_statement, trigger_statements
from pipelines.trigger_requests import trigger_requests
from steps.site import Site

PIPELINE = "arn:aws:sagemaker:us-east-1:111122223333:pipeline/image-classification"


def test_schedules_and_rules_start_their_pipelines(roles: Mapping[Role, Permissions]) -> None:
    """Exactly the pipelines that a schedule or a rule names may be started; no reason is left."""
    [policy] = roles[Role.TRIGGERS].policies
    assert policy["Statement"] == [
        {
            "Sid": "StartPipelines",
            "Effect": "Allow",
            "Action": ["sagemaker:StartPipelineExecution"],
            "Resource": [
                f"{PIPELINE}-deployment",
                f"{PIPELINE}-monitoring",
                f"{PIPELINE}-retraining",
            ],
        },
        {
            "Sid": "KeepWhatFailed",
            "Effect": "Allow",
            "Action": ["sqs:SendMessage"],
            "Resource": ["arn:aws:sqs:us-east-1:111122223333:not-started"],
        },
    ]


def test_without_triggers_there_is_nothing_to_allow() -> None:
    """A pipeline that nothing starts needs no role for it."""
    triggers = trigger_requests(Site(), pipelines=["scoring"], approved={})
    assert list(trigger_statements(Site(), triggers)) == []


def test_the_queue_lets_rules_of_the_project_in() -> None:
    """EventBridge sends in its own name, and for the project's own rules alone."""
    queue = "arn:aws:sqs:us-east-1:111122223333:not-started"
    assert dead_letter_statement(Site(dead_letter_queue_arn=queue)) == {
        "Sid": "KeepWhatRulesCannotDeliver",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {
            "ArnLike": {
                "aws:SourceArn": "arn:aws:events:us-east-1:111122223333:rule/image-classification.*"
            }
        },
    }
