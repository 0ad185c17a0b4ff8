"""Does what a plan says, so that whoever starts the pipeline gets the one before or the new one.

    lease -> objects -> functions -> PIPELINE -> tags -> triggers -> old functions -> lease ends

Objects and functions are named by their content: until the one call that creates or updates the
pipeline, nothing uses the new ones. Whatever ends half-way, the next attempt completes.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from pipelines.account.clients import Clients
from pipelines.account.deployed import State, read_state
from pipelines.account.errors import AccountError, explained
from pipelines.account.functions import Sleep, called, publish, remove_unused
from pipelines.account.in_use import calls_in_use, calls_of_targets
from pipelines.account.lease import Lease, publishing
from pipelines.account.objects import Bucket
from pipelines.plan import Plan, plan
from pipelines.reconcile import present_targets, reconcile_triggers
from pipelines.release import Release
from steps.site import Site

MAX_INLINE_BYTES = 100_000
"""A longer definition goes to the service through S3."""

Say = Callable[[str], None]


@explained()
def upsert(
    state: State,
    site: Site,
    clients: Clients,
    *,
    owner: str,
    say: Say,
    sleep: Sleep = time.sleep,
) -> None:
    """Create or update a pipeline and all that it needs. It can be repeated after any error.

    Args:
        state: What `read_state` read; without changes, nothing is called.
        site: The site that the pipeline was compiled for.
        clients: Clients of the site's account.
        owner: Whom other writers are told about while this one is at work.
        say: Told each thing that is done, as a line for a person.
        sleep: Waits for a number of seconds.

    Raises:
        AccountError: A service refused or cannot be reached, another writer is at work, or the
            account is not as it was when it was read.
    """
    to_do = plan(state.release, state.deployed)
    if not to_do.has_changes:
        return
    wanted = state.release
    bucket = Bucket(site, clients.s3)
    with publishing(site, clients.s3, owner) as lease:
        if read_state(state.compiled, site, clients) != state:
            raise AccountError(
                f"What there is of pipeline '{wanted.pipeline_name}' has changed since it was "
                "read; run the command again."
            )
        for uri in to_do.objects:
            bucket.write_once(uri, wanted.objects[uri])
        for function in to_do.functions:
            lease.renew()
            publish(function, clients.lambda_, sleep)
            say(f"published function {function.name}  {function.alias}")
        if to_do.changes_pipeline:
            request = _request(wanted, site, bucket)
            lease.renew()  # Whoever lost it must not undo what another writer has done since.
            _switch(request, to_do, wanted, clients.sagemaker)
            say(f"{'created' if to_do.is_new else 'updated'} pipeline {wanted.pipeline_name}")
        if to_do.tags or to_do.triggers:
            lease.renew()
        if to_do.tags and not to_do.is_new:
            clients.sagemaker.add_tags(
                ResourceArn=site.pipeline_arn(wanted.name), Tags=_tags(wanted)
            )
            say("set tags")
        if wanted.triggers is not None and to_do.triggers:
            changes = reconcile_triggers(
                wanted.triggers, scheduler=clients.scheduler, events=clients.events
            )
            for change in changes:
                say(str(change))
        for line in _remove_old_functions(state, site, clients, lease):
            say(line)


def _request(wanted: Release, site: Site, bucket: Bucket) -> dict[str, Any]:
    """What CreatePipeline and UpdatePipeline are asked for."""
    content = wanted.definition.encode()
    definition: dict[str, Any] = {"PipelineDefinition": wanted.definition}
    if len(content) > MAX_INLINE_BYTES:
        digest = hashlib.sha256(content).hexdigest()
        uri = site.uri("definitions", f"{wanted.name}-{digest}.json")
        bucket.write_once(uri, content)
        place = bucket.place(uri)
        definition = {
            "PipelineDefinitionS3Location": {
                "Bucket": place["Bucket"],
                "ObjectKey": place["Key"],
            }
        }
    return {
        "PipelineName": wanted.pipeline_name,
        "PipelineDescription": wanted.description,
        "RoleArn": wanted.role_arn,
        "ParallelismConfiguration": {"MaxParallelExecutionSteps": wanted.max_parallel_steps},
        **definition,
    }


def _switch(request: dict[str, Any], to_do: Plan, wanted: Release, sagemaker: Any) -> None:
    """The one call that makes everything new at once.

    The token of CreatePipeline is left to botocore, which makes one for a call and all its
    attempts. One made of the content might let the service take a pipeline that was deleted, and is
    to be created again, for one that it has created already.
    """
    if to_do.is_new:
        sagemaker.create_pipeline(**request, Tags=_tags(wanted))
    else:
        sagemaker.update_pipeline(**request)


def _tags(wanted: Release) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(wanted.tags.items())]


def _remove_old_functions(
    state: State, site: Site, clients: Clients, lease: Lease
) -> Iterator[str]:
    """Remove versions of functions that were called before the version before this one.

    Those of the version before stay, for events that are on their way.
    """
    before = called([json.dumps(state.deployed.definition)])
    before |= calls_of_targets(present_targets(state.deployed.rules))
    after = called([state.release.definition])
    after |= calls_of_targets(requests.target for requests in state.release.rules)
    replaced = before - after
    if replaced:
        used = before | after | calls_in_use(site, state.others | {state.release.name}, clients)
        lease.renew()  # Whoever lost it does not know what another writer has published since.
        yield from remove_unused({name for name, _ in replaced}, used, clients.lambda_)
