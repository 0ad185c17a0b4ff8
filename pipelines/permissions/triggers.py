"""What the triggers' role needs: schedules and rules start pipelines under it.

What could not start goes into a queue: schedules put it there under the role, rules do not.
"""

import json
from collections.abc import Iterator, Mapping

from pipelines.definition import Json
from pipelines.permissions.arns import Arns
from pipelines.permissions.policy import Statement
from pipelines.trigger_requests import TriggerRequests
from steps.site import Site

RULES_SERVICE = "events.amazonaws.com"
SEND = "sqs:SendMessage"


def trigger_statements(site: Site, triggers: TriggerRequests) -> Iterator[Statement]:
    """The statements of the triggers' role.

    What a rule cannot deliver, EventBridge puts into the queue in its own name: that is for the
    queue's policy to allow, see `dead_letter_statement`.

    Args:
        site: Where the pipelines are.
        triggers: Its schedules and rules.

    Sources: Amazon EventBridge Scheduler User Guide, "Setting up the execution role" and
    "Configuring a dead-letter queue",
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html; Amazon
    EventBridge User Guide, "Using dead-letter queues to process undelivered events",
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """
    arns = Arns(site)
    scheduled = [request["Target"] for request in triggers.schedules]
    started = [
        arn
        for target in scheduled
        for arn in arns.sagemaker("pipeline", json.loads(target["Input"])["PipelineName"])
    ]
    started += [
        requests.target["Arn"] for requests in triggers.rules if "RoleArn" in requests.target
    ]
    if started:
        yield Statement(
            sid="StartPipelines",
            actions=("sagemaker:StartPipelineExecution",),
            resources=tuple(started),
        )
    queues = [queue for target in scheduled for queue in _queues(target)]
    if queues:
        yield Statement(sid="KeepWhatFailed", actions=(SEND,), resources=tuple(queues))


def dead_letter_statement(site: Site) -> dict[str, Json]:
    """The statement that the policy of the dead-letter queue needs: it lets the site's rules in.

    Args:
        site: A site that names a queue.

    Source: Amazon EventBridge User Guide, "Using dead-letter queues to process undelivered events",
    "Granting permissions to the dead-letter queue",
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """
    return {
        "Sid": "KeepWhatRulesCannotDeliver",
        "Effect": "Allow",
        "Principal": {"Service": RULES_SERVICE},
        "Action": SEND,
        "Resource": site.dead_letter_queue_arn,
        "Condition": {"ArnLike": {"aws:SourceArn": site.rule_arn(f"{site.project}.*")}},
    }


def _queues(target: Mapping[str, Json]) -> Iterator[str]:
    if "DeadLetterConfig" in target:
        yield target["DeadLetterConfig"]["Arn"]
