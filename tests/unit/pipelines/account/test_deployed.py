"""Tests of pipelines.account.deployed: what is read, and with how many calls."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from botocore.stub import Stubber

from pipelines.account.deployed import approved_parameters, deployed_pipelines, read_state
from pipelines.account.errors import AccountError
from pipelines.account.upsert import upsert
from pipelines.catalogue import CATALOGUE
from pipelines.compile import Compiled
from pipelines.plan import plan
from pipelines.triggers import TRIGGERED
from steps.site import Site
from tests.aws import SITE, Account, make_foundations
from tests.unit.pipelines.account.conftest import Version
from tests.unit.stubs import stubbed

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

Versions = Callable[[int], Version]


@pytest.fixture
def sagemaker() -> Iterator[Stubber]:
    """A stubbed client."""
    yield from stubbed("sagemaker")


def test_nothing_is_there(account: Account, version: Versions) -> None:
    """All objects and functions are missing, and there is no definition."""
    state = version(0).state(account.clients)
    assert state.deployed.definition is None
    assert state.deployed.missing_objects == state.release.objects.keys()
    assert state.deployed.functions == set()
    assert (state.deployed.schedules, state.deployed.rules) == ({}, {})
    assert state.others == set()


def test_what_was_published_is_read(with_monitoring: Account, version: Versions) -> None:
    """The two sides are the same, and so is what is read a second time."""
    version(0).upsert(with_monitoring.clients)
    state = version(0).state(with_monitoring.clients)
    wanted, deployed = state.release, state.deployed
    assert deployed.description == wanted.description
    assert (deployed.role_arn, deployed.max_parallel_steps) == (wanted.role_arn, 10)
    assert deployed.missing_objects == set()
    assert deployed.functions == {function.arn for function in wanted.functions}
    assert deployed.manifests == {}
    assert deployed.schedules.keys() == {"dogs.monitoring", "dogs.retraining"}
    assert deployed.rules["dogs.drift"].targets.keys() == {"start_retraining"}
    assert state.others == {"monitoring"}
    assert version(0).state(with_monitoring.clients) == state


def test_only_manifests_of_code_that_changes_are_read(account: Account, version: Versions) -> None:
    """They say which files change; a bundle without a readable manifest has unknown files."""
    clients = account.clients
    first, second = version(0), version(1)
    first.upsert(clients)
    found = second.state(clients).deployed.manifests
    digest = first.compiled.bundles["train"].digest
    assert found == {
        ("train", digest): first.compiled.bundles["train"].file_digests,
        ("find_approved_model", first.function.digest): first.function.code.file_digests,
    }
    place = {"Bucket": SITE.bucket, "Key": f"dogs/code/manifests/train-{digest}.json"}
    for content in (b"{", b"[]", b'{"train.py": 1}', b"\xff"):
        clients.s3.put_object(**place, Body=content)
        assert ("train", digest) not in second.state(clients).deployed.manifests
    clients.s3.delete_object(**place)
    assert ("train", digest) not in second.state(clients).deployed.manifests


def test_tags_are_read_where_there_are_to_be_some(account: Account, version: Versions) -> None:
    """Without tags of ours, those of others are nothing to compare."""
    version(0).upsert(account.clients)
    assert version(0).state(account.clients).deployed.tags == {"version": "0"}
    account.forget()
    assert replace(version(0), has_tags=False).state(account.clients).deployed.tags == {}
    assert "sagemaker:ListTags" not in map(str, account.calls)


def test_another_accounts_credentials_are_noticed(account: Account) -> None:
    """By the pipelines that are there, or by asking; before anything else is read or written."""
    other = replace(SITE, account="444455556666")
    message = (
        "The AWS credentials are of another account than the site's; name other credentials in "
        "AWS_PROFILE, or the account in SITE_ACCOUNT."
    )
    with pytest.raises(AccountError) as caught:
        deployed_pipelines(other, account.clients)
    assert str(caught.value) == message
    assert "sts:GetCallerIdentity" in map(str, account.calls)

    create(account, "dogs-training")
    account.forget()
    with pytest.raises(AccountError) as caught:
        deployed_pipelines(other, account.clients)
    assert str(caught.value) == message
    assert [str(call) for call in account.calls] == ["sagemaker:ListPipelines"]


def create(account: Account, name: str) -> None:
    """Create a pipeline."""
    account.clients.sagemaker.create_pipeline(
        PipelineName=name, PipelineDefinition="{}", RoleArn=SITE.role_arn
    )


def test_other_projects_pipelines_do_not_count(account: Account) -> None:
    """A name that begins alike is another one."""
    for name in ("dogs-training", "dogs-b-scoring", "dogs-mine"):
        create(account, name)
    assert deployed_pipelines(SITE, account.clients) == {"training"}


def test_a_pipeline_that_is_being_deleted(account: Account, version: Versions) -> None:
    """There is nothing to update, and not yet anything to create."""
    version(0).upsert(account.clients)
    client = account.clients.sagemaker
    arn = SITE.pipeline_arn("retraining")
    with Stubber(client) as stub:
        summary = {"PipelineName": "dogs-retraining", "PipelineArn": arn}
        stub.add_response("list_pipelines", {"PipelineSummaries": [summary]})
        stub.add_response("list_model_packages", {"ModelPackageSummaryList": []})
        stub.add_response("describe_pipeline", {"PipelineStatus": "Deleting"})
        with pytest.raises(AccountError) as caught:
            version(0).state(account.clients)
    assert str(caught.value) == (
        "Pipeline 'dogs-retraining' is being deleted; run the command again later."
    )


def test_a_group_of_schedules_that_is_not_there(account: Account, version: Versions) -> None:
    """The account lacks it, and a stack makes it; nothing is declared wrongly."""
    with Stubber(account.clients.scheduler) as stub:
        stub.add_client_error("list_schedules", "ResourceNotFoundException", "no", 404)
        with pytest.raises(AccountError) as caught:
            version(0).state(account.clients)
    assert str(caught.value) == (
        "The schedule group 'dogs' does not exist; deploy the template that 'pipelines stack' "
        "prints, or name another with SITE_SCHEDULE_GROUP."
    )


def test_what_was_approved_is_read_where_a_training_is_repeated(sagemaker: Stubber) -> None:
    """Only a deployed pipeline with a schedule repeats one."""
    assert approved_parameters(SITE, ["training", "monitoring"], sagemaker.client) == {}
    never = replace(SITE, retraining_schedule="off")
    assert approved_parameters(never, ["retraining"], sagemaker.client) == {}
    arn = "arn:aws:sagemaker:us-east-1:111122223333:model-package/dogs/3"
    newest = {
        "ModelPackageArn": arn,
        "ModelPackageGroupName": "dogs",
        "CreationTime": datetime(2026, 11, 21, tzinfo=UTC),
        "ModelPackageStatus": "Completed",
    }
    sagemaker.add_response("list_model_packages", {"ModelPackageSummaryList": [newest]})
    sagemaker.add_response(
        "describe_model_package",
        {
            "CustomerMetadataProperties": {"hyperparameter.learning_rate": "0.1"},
            "ModelPackageName": "dogs/3",
            "ModelPackageArn": arn,
            "CreationTime": datetime(2026, 11, 21, tzinfo=UTC),
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": []},
        },
        {"ModelPackageName": arn},
    )
    assert approved_parameters(SITE, ["retraining"], sagemaker.client) == {"LearningRate": "0.1"}


def test_the_number_of_reads(
    account: Account, compiled_snapshot: Callable[[str], Compiled]
) -> None:
    """Four, and two for each schedule, rule and function; and no write at all without changes."""
    site = Site(project="image-classification", tags={"team": "dogs"})
    clients = account.clients
    make_foundations(site, clients)
    pipelines = [compiled_snapshot(name) for name in CATALOGUE]
    for compiled in pipelines:
        upsert(
            read_state(compiled, site, clients),
            site,
            clients,
            owner="anna@laptop",
            say=lambda _: None,
        )
    for compiled in pipelines:
        account.forget()
        state = read_state(compiled, site, clients)
        assert not plan(state.release, state.deployed).has_changes
        upsert(state, site, clients, owner="anna@laptop", say=print)
        triggers = len(state.deployed.schedules) + len(state.deployed.rules)
        called = {call.operation for call in account.calls}
        assert ("ListModelPackages" in called) == (compiled.name in TRIGGERED)
        assert triggers == (4 if compiled.name in TRIGGERED else 0)
        assert account.writes == []
        assert len(account.calls) <= 4 + 2 * (triggers + len(state.release.functions))
        assert Counter(map(str, account.calls))["s3:ListObjectsV2"] == 1


@pytest.mark.parametrize("tags", [{}, {"team": "dogs"}], ids=["untagged", "tagged"])
@pytest.mark.parametrize("name", CATALOGUE)
def test_the_number_of_reads_of_a_pipeline_alone(
    account: Account,
    compiled_snapshot: Callable[[str], Compiled],
    name: str,
    tags: dict[str, str],
) -> None:
    """As many; schedules and rules are looked for by those that they may concern."""
    site = Site(project="image-classification", tags=tags)
    clients, compiled = account.clients, compiled_snapshot(name)
    make_foundations(site, clients)
    state = read_state(compiled, site, clients)
    upsert(state, site, clients, owner="anna@laptop", say=lambda _: None)
    account.forget()
    state = read_state(compiled, site, clients)
    num_triggers = len(state.deployed.schedules) + len(state.deployed.rules)
    at_most = 4 + 2 * (num_triggers + len(state.release.functions))
    assert len(account.calls) <= at_most
    called = {call.operation for call in account.calls}
    assert ("ListSchedules" in called) == (name in TRIGGERED)
    assert ("ListRules" in called) == (name == "deployment")
    assert ("ListTags" in called) == bool(tags)
