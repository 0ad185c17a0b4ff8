"""Deletes a pipeline, after what starts it, and then the functions that nothing calls any more."""

from collections.abc import Callable

from pipelines.account.clients import Clients
from pipelines.account.deployed import deployed_pipelines
from pipelines.account.errors import AccountError, explained
from pipelines.account.functions import remove_unused
from pipelines.account.in_use import calls_in_use, calls_of_targets, executions_under_way
from pipelines.account.lease import publishing
from pipelines.reconcile import delete_triggers, present_rules, present_targets
from pipelines.trigger_requests import trigger_requests
from steps.bundle import ROOT
from steps.site import Site


@explained()
def delete(
    name: str, site: Site, clients: Clients, *, owner: str, say: Callable[[str], None]
) -> None:
    """Delete a pipeline of the catalogue. It can be repeated after any error.

    Data, model packages, endpoints and what is in S3 stay.

    Args:
        name: Its name in the catalogue.
        site: The site.
        clients: Clients of its account.
        owner: Whom other writers are told about while this one is at work.
        say: Told each thing that is done, as a line for a person.

    Raises:
        AccountError: An execution is under way, another writer is at work, or a service refused or
            cannot be reached.
    """
    deployed_pipelines(site, clients)  # Another account's credentials take no lease.
    with publishing(site, clients.s3, owner) as lease:
        present = deployed_pipelines(site, clients)
        pipeline_name = site.pipeline_name(name)
        if name in present:
            under_way = executions_under_way(pipeline_name, clients.sagemaker)
            if under_way:
                raise AccountError(
                    f"Pipeline '{pipeline_name}' has an execution under way, "
                    f"'{under_way[0].rpartition('/')[2]}'; wait for its end, or stop it with "
                    "'pipelines stop'."
                )
        others = present - {name}
        # What else starts pipelines stays as it is: what it calls by now may not be published.
        kept = trigger_requests(site, pipelines=others, approved={})
        for change in delete_triggers(kept, scheduler=clients.scheduler, events=clients.events):
            say(str(change))
        if name in present:
            lease.renew()  # Whoever lost it must not undo what another writer has done since.
            clients.sagemaker.delete_pipeline(PipelineName=pipeline_name)
            say(f"deleted pipeline {pipeline_name}")
        else:
            say(f"pipeline {pipeline_name} is not deployed")
        used = calls_of_targets(present_targets(present_rules(kept, clients.events)))
        used |= calls_in_use(site, others, clients)
        lease.renew()
        handlers = ROOT.glob("infrastructure/functions/*/handler.py")
        functions = {site.function_name(path.parent.name) for path in handlers}
        for line in remove_unused(functions - {name for name, _ in used}, used, clients.lambda_):
            say(line)
