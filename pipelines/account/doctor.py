"""Looks at all that the pipelines of a site need of an account, and says what to do.

It only reads. What the credentials may not see could not be told, and stops nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache, partial
from itertools import chain
from typing import Any

from monitoring.schedules.errors import HINT, ModelMonitorUnavailableError, ScheduleError, refusals
from pipelines.account.clients import Clients
from pipelines.account.deployed import OTHER_ACCOUNT
from pipelines.account.errors import AccountError, explained
from pipelines.account.health import Finding, Look, Verdict
from pipelines.account.images import look_at_image, named_images
from pipelines.account.prerequisites import (
    CONCURRENCY,
    ROLE_SETTINGS,
    look_at_alarms,
    look_at_bucket,
    look_at_concurrency,
    look_at_encryption,
    look_at_key,
    look_at_network,
    look_at_public_access,
    look_at_queue,
    look_at_role,
    look_at_schedule_group,
)
from pipelines.account.quotas import look_at_quotas, needs
from pipelines.catalogue import CATALOGUE
from pipelines.definition import Json
from pipelines.permissions.roles import role_permissions
from pipelines.trigger_requests import trigger_requests
from pipelines.triggers import schedules
from steps.site import Site

MAX_CLOCK_SKEW = timedelta(minutes=5)
"""Requests that seem older are denied.

Source: AWS IAM User Guide, "Signing AWS API requests", protection against replay attacks,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-signing.html
"""

_NUM_THREADS = 8
_UNKNOWN_CREDENTIALS = "InvalidClientTokenId"
_NOT_ASKED = "Not asked: see the credentials."
_CREDENTIALS = "Credentials"
_CLOCK = "Clock"
_MODEL_MONITOR = "Model Monitor"


def doctor(
    site: Site,
    definitions: Callable[[], Mapping[str, Mapping[str, Json]]],
    clients: Clients,
    *,
    now: Callable[[], datetime],
) -> Iterator[Finding]:
    """Look at everything, and say of each thing what was found as soon as that is known.

    Args:
        site: The site.
        definitions: Gives the parsed definitions of all pipelines, by their names in the catalogue;
            asked for when all is looked at that the site alone tells of.
        clients: Clients of the site's account.
        now: The time of this machine, with its zone.

    Raises:
        DeclarationError: A definition does not say what a step reads, writes or runs.
    """
    client = cache(clients.client)
    credentials, clock = _identity(site, client, now)
    yield credentials
    yield clock
    if credentials.verdict is not Verdict.OK:
        yield Finding(Verdict.UNKNOWN, "All else", _NOT_ASKED)
        return
    with ThreadPoolExecutor(_NUM_THREADS) as pool:

        def findings(looks: Iterator[Look]) -> Iterator[Finding]:
            return chain.from_iterable(pool.map(lambda look: look.findings(client), looks))

        yield from findings(_looks_of_site(site))
        yield from findings(_looks_of_pipelines(site, definitions()))


def _identity(
    site: Site, client: Callable[[str], Any], now: Callable[[], datetime]
) -> tuple[Finding, Finding]:
    """What the first call tells: who we are, whether the region takes us, and what time it is.

    A region that is not enabled for the account knows none of its credentials.
    """
    from botocore import exceptions

    after_asking = exceptions.ClientError | exceptions.ConnectionError | exceptions.HTTPClientError
    is_asked = True
    try:
        with explained():
            answer = client("sts").get_caller_identity()
    except AccountError as error:
        is_asked = isinstance(error.__cause__, after_asking)
        # That of a connection that broke is None.
        answer = getattr(error.__cause__, "response", None) or {}
        words = str(error)
        if answer.get("Error", {}).get("Code") == _UNKNOWN_CREDENTIALS:
            words += f" Or enable the region '{site.region}' for the account, if it is not."
        credentials = Finding(Verdict.PROBLEM, _CREDENTIALS, words)
    else:
        if answer["Account"] == site.account:
            words = f"They are the site's account's, and '{site.region}' takes them."
            credentials = Finding(Verdict.OK, _CREDENTIALS, words)
        else:
            credentials = Finding(Verdict.PROBLEM, _CREDENTIALS, OTHER_ACCOUNT)
    if not is_asked:
        return credentials, Finding(Verdict.UNKNOWN, _CLOCK, _NOT_ASKED)
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return credentials, _clock(headers.get("date"), now())


def _clock(there: str | None, here: datetime) -> Finding:
    if there is None:
        return Finding(Verdict.UNKNOWN, _CLOCK, "The service did not say what time it is.")
    skew = here - parsedate_to_datetime(there)
    seconds = abs(round(skew.total_seconds()))
    if abs(skew) > MAX_CLOCK_SKEW:
        side = "ahead" if skew > timedelta() else "behind"
        return Finding(
            Verdict.PROBLEM,
            _CLOCK,
            f"It is {seconds} s {side}, and requests are denied from "
            f"{MAX_CLOCK_SKEW.total_seconds():g} s on; set it.",
        )
    return Finding(Verdict.OK, _CLOCK, f"It differs from the service's by {seconds} s.")


def _looks_of_site(site: Site) -> Iterator[Look]:
    yield Look("Bucket", "s3", partial(look_at_bucket, site))
    yield Look("Bucket's encryption", "s3", partial(look_at_encryption, site))
    yield Look("Bucket's public access", "s3", partial(look_at_public_access, site))
    if schedules(site):
        yield Look("Schedule group", "scheduler", partial(look_at_schedule_group, site))
    yield Look(CONCURRENCY, "lambda", look_at_concurrency)
    keys = {"SITE_VOLUME_KMS_KEY": site.volume_kms_key, "SITE_OUTPUT_KMS_KEY": site.output_kms_key}
    for setting, key in keys.items():
        if key:
            yield Look(f"Key of {setting}", "kms", partial(look_at_key, setting, key))
    if site.subnets:
        yield Look("Network", "ec2", partial(look_at_network, site))
    if site.dead_letter_queue_arn:
        triggers = trigger_requests(site, pipelines=CATALOGUE, approved={})
        rules = [requests.rule["Name"] for requests in triggers.rules]
        yield Look("Dead-letter queue", "sqs", partial(look_at_queue, site, rules))
    if site.rollback_alarms:
        yield Look("Rollback alarms", "cloudwatch", partial(look_at_alarms, site.rollback_alarms))
    yield Look(_MODEL_MONITOR, "sagemaker", _look_at_model_monitor)


def _looks_of_pipelines(
    site: Site, definitions: Mapping[str, Mapping[str, Json]]
) -> Iterator[Look]:
    roles = role_permissions(site, definitions, names=list(definitions), parameters={})
    for role in ROLE_SETTINGS:
        yield Look(f"Role {role}", "iam", partial(look_at_role, roles[role]))
    for uri in named_images(definitions):
        name = uri.rpartition("/")[2]
        yield Look(f"Image {name}", "ecr", partial(look_at_image, uri, site.region))
    yield Look("Quotas", "service-quotas", partial(look_at_quotas, needs(definitions)))


def _look_at_model_monitor(sagemaker: Any) -> Iterator[Finding]:
    """Whether the account may use Model Monitor, which no pipeline of ours needs."""
    try:
        with refusals(sagemaker):
            schedules = sagemaker.list_monitoring_schedules(MaxResults=1)
    except ModelMonitorUnavailableError:
        yield Finding(Verdict.OK, _MODEL_MONITOR, f"It is closed to this account. {HINT}")
    except ScheduleError:
        yield Finding(Verdict.UNKNOWN, _MODEL_MONITOR, f"Its schedules may not be listed. {HINT}")
    else:
        if schedules["MonitoringScheduleSummaries"]:
            yield Finding(Verdict.OK, _MODEL_MONITOR, "This account uses it.")
        else:
            yield Finding(
                Verdict.UNKNOWN,
                _MODEL_MONITOR,
                f"There is no schedule of it, and only making one would tell. {HINT}",
            )
