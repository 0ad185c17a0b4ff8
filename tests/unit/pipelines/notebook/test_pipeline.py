"""The Python face of a pipeline."""

import importlib
import json
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import pipelines.account.clients
import pipelines.account.deployed
import pipelines.account.start
import pipelines.account.upsert
import pipelines.checks
import pipelines.run
from pipelines.account.clients import Clients
from pipelines.account.deployed import State
from pipelines.account.errors import AccountError
from pipelines.account.selection import Selection
from pipelines.account.start import Started
from pipelines.catalogue import CATALOGUE
from pipelines.checks import RULES, Finding
from pipelines.compile import Compiled
from pipelines.cost import CostError
from pipelines.cost.prices import Offer, Prices, Use, write_prices
from pipelines.definition import DefinitionError
from pipelines.execution import Status
from pipelines.local.errors import ParameterError
from pipelines.notebook import Pipeline
from pipelines.plan import Deployed
from pipelines.release import Release
from steps.errors import DeclarationError, SiteError
from steps.site import Site
from tests.aws import SITE as ACCOUNT_SITE
from tests.unit.pipelines.account.executing import Sagemaker, arn, record, stubbed_account
from tests.unit.pipelines.conftest import SITE


@pytest.fixture
def compilations(
    monkeypatch: pytest.MonkeyPatch, compiled_snapshot: Callable[[str], Compiled]
) -> list[str]:
    """Names of the pipelines that were compiled: the snapshots are."""
    names: list[str] = []

    def compile_pipeline(name: str, _: Site) -> Compiled:
        names.append(name)
        return compiled_snapshot(name)

    monkeypatch.setattr("pipelines.compile.compile_pipeline", compile_pipeline)
    return names


@pytest.fixture
def pipeline(compilations: list[str]) -> Pipeline:
    """The pipeline `training`."""
    return Pipeline("training", SITE)


@pytest.fixture
def sagemaker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sagemaker]:
    """Tells the client what to answer."""
    with stubbed_account() as (clients, told):
        monkeypatch.setattr(pipelines.account.clients, "Clients", lambda _: clients)
        yield told


def tell_end(sagemaker: Sagemaker, identity: str = "a") -> None:
    """An execution that has ended when it is looked at."""
    sagemaker.describe(identity, "Stopped")
    sagemaker.definition(identity)
    sagemaker.parameters(identity)
    sagemaker.steps(identity, record("Preprocess"))


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_pipeline_has_a_module(name: str) -> None:
    """`from pipelines import training` leads to the pipeline that is called so."""
    found = importlib.import_module(f"pipelines.{name}").pipeline(SITE)
    assert (found.name, found.site) == (name, SITE)
    assert repr(found) == f"Pipeline('{name}')"


def test_a_pipeline_that_is_not_there() -> None:
    """The message says which there are, before anything is asked of it."""
    with pytest.raises(DeclarationError) as caught:
        Pipeline("trainign", SITE)
    assert caught.value._render_traceback_() == [
        "DeclarationError: There is no pipeline 'trainign'. Pipelines: deployment, monitoring, "
        "retraining, scoring, training. Did you mean 'training'?"
    ]


def test_a_parameter_without_default_is_listed(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has none to show."""
    document = {"Parameters": [{"Name": "Uri", "Type": "String"}], "Steps": []}
    compiled = replace(pipeline._compiled, definition=json.dumps(document))
    monkeypatch.setitem(pipeline.__dict__, "_compiled", compiled)
    assert str(pipeline).splitlines()[-1].split() == ["Uri", "String"]


def test_importing_a_pipeline_loads_nothing_heavy() -> None:
    """The SDK, which takes seconds, is imported when a definition is asked for."""
    code = (
        "import sys\nfrom pipelines import training\n"
        "print(sorted({'boto3', 'botocore', 'numpy', 'sagemaker', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_site_is_that_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a site, file and environment decide; what is wrong there is said in short."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "site.toml").write_text('project = "cats"\n')
    monkeypatch.delenv("SITE_FILE")
    monkeypatch.setenv("SITE_REGION", "eu-west-1")
    site = Pipeline("training").site
    assert (site.project, site.region) == ("cats", "eu-west-1")
    monkeypatch.setenv("SITE_REGION", "Ireland")
    with pytest.raises(SiteError) as caught:
        Pipeline("training")
    assert caught.value._render_traceback_() == [f"SiteError: {caught.value}"]


def test_a_site_is_chosen_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `--site` does; of a name that the file does not have, the message says which it has."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "site.toml").write_text('[dev]\nproject = "cats"\n[prod]\nproject = "dogs"\n')
    monkeypatch.delenv("SITE_FILE")
    monkeypatch.setenv("SITE", "dev")
    training = importlib.import_module("pipelines.training")
    assert training.pipeline().site.project == "cats"
    assert training.pipeline("prod").site.project == "dogs"
    with pytest.raises(SiteError) as caught:
        training.pipeline("prd")
    assert caught.value._render_traceback_() == [
        "SiteError: Site 'prd' is chosen, which site.toml does not have; it has dev, prod. Did you "
        "mean 'prod'?"
    ]


def test_a_pipeline_lists_its_parameters(pipeline: Pipeline, compilations: list[str]) -> None:
    """As text and in a notebook: name, type, default and what is allowed; compiled once."""
    lines = str(pipeline).splitlines()
    assert lines[:2] == [
        "training: Search hyperparameters, train, evaluate and register a model.",
        "",
    ]
    table = {words[0]: words[1:] for words in map(str.split, lines[2:])}
    assert table["PARAMETER"] == ["TYPE", "DEFAULT", "ONE", "OF"]
    assert table["Epochs"] == ["Integer", "20"]
    assert table["HorizontalFlip"] == ["String", "False", "False,", "True"]
    page = pipeline._repr_html_()
    assert page.startswith("<p>training: Search hyperparameters, ")
    assert page.count("<tr>") == len(lines) - 2
    assert compilations == ["training"]


def test_a_definition_is_shown_checked_and_drawn(
    pipeline: Pipeline, compiled_snapshot: Callable[[str], Compiled]
) -> None:
    """All of them are of the definition that is compiled."""
    text = compiled_snapshot("training").definition
    assert pipeline.definition.text == text
    found = pipeline.check()
    assert (found.name, found.num_rules) == ("training", len(RULES))
    drawn = pipeline.graph()
    assert drawn.title == "training"
    assert {node.name for node in drawn.nodes} >= {"Preprocess", "Tune", "Train"}


def test_cost_takes_parameters_and_prices(pipeline: Pipeline, tmp_path: Path) -> None:
    """Parameters decide on the instances, and prices come from a file where one is named."""
    prices = tmp_path / "prices.json"
    offer = Offer(
        region=SITE.region,
        date=date(2026, 11, 1),
        url="https://example.com",
        usd_per_hour={Use.PROCESSING: {"ml.m5.large": 0.123}},
        usd_per_gb_month={},
    )
    prices.write_text(write_prices(Prices(offers=(offer,))))
    estimate = pipeline.cost(
        prices=prices, spot_saving=0.5, PreprocessInstanceType="ml.m5.large", MaxTuningJobs=3
    )
    costs = {step.demand.step: step for step in estimate.steps}
    assert costs["Tune"].demand.num_jobs == 3
    assert costs["Tune"].spot_saving == 0.5
    assert costs["Preprocess"].demand.instance_type == "ml.m5.large"
    price = costs["Preprocess"].price
    assert price is not None
    assert price.usd == 0.123
    assert pipeline.cost().pipeline == "training"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param(
            {"spot_saving": 60.0},
            "The saving of spot instances is 60.0; expected a fraction, 0 or more and less than 1.",
            id="percent",
        ),
        pytest.param(
            {"prices": "missing.json"},
            "The price file 'missing.json' cannot be read: No such file or directory.",
            id="missing file",
        ),
    ],
)
def test_what_no_estimate_is_made_from(
    pipeline: Pipeline, given: dict[str, Any], message: str
) -> None:
    """It is refused in the words of the command."""
    with pytest.raises(CostError) as caught:
        pipeline.cost(**given)
    assert caught.value._render_traceback_() == [f"CostError: {message}"]


def test_cost_takes_times_of_the_account(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On request, the times of past jobs count where there are some."""
    monkeypatch.setattr("pipelines.account.durations.job_seconds", lambda *_: {"Train": 60.0})
    times = {step.demand.step: step.seconds for step in pipeline.cost(account=True).steps}
    assert times["Train"] == 60.0
    assert times["Evaluate"] == 2 * 3600


def test_a_wrong_parameter_is_one_message(pipeline: Pipeline) -> None:
    """Cost and permissions name the parameter that was meant."""
    for ask in (pipeline.cost, pipeline.permissions):
        with pytest.raises(ParameterError, match=r"Did you mean 'Epochs'\?$") as caught:
            ask(Epoch=3)
        assert caught.value._render_traceback_() == [f"ParameterError: {caught.value}"]


def test_permissions_know_all_pipelines(pipeline: Pipeline, compilations: list[str]) -> None:
    """Those of one pipeline, with parameters in place of their defaults."""
    policies = pipeline.permissions(RawDataUri="s3://elsewhere/images/")
    assert sorted(compilations) == sorted(CATALOGUE)
    assert "elsewhere" in str(policies["execution"].policies)


@pytest.fixture
def changed(
    monkeypatch: pytest.MonkeyPatch, pipeline: Pipeline, retraining: Release, deployed: Deployed
) -> Pipeline:
    """A pipeline without findings, which has another description in the account."""

    def read_state(compiled: Compiled, *_: object) -> State:
        return State(
            compiled=compiled,
            release=retraining,
            deployed=replace(deployed, description="Another."),
            others=frozenset(),
        )

    monkeypatch.setattr(pipelines.account.deployed, "read_state", read_state)
    monkeypatch.setattr(pipelines.checks, "check", lambda _: [])
    return pipeline


def test_a_plan_is_of_what_is_deployed(changed: Pipeline) -> None:
    """It says what an upsert would change."""
    assert "Another." in str(changed.plan())


def test_an_upsert_returns_what_it_changed(
    changed: Pipeline, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is done is printed while it is done; the plan that was carried out is returned."""

    def upsert(
        state: State, site: Site, clients: Clients, *, owner: str, say: Callable[[str], None]
    ) -> None:
        assert (state.compiled.name, site) == ("training", SITE)
        assert "@" in owner
        say("updated pipeline")

    monkeypatch.setattr(pipelines.account.upsert, "upsert", upsert)
    assert str(changed.upsert()) == str(changed.plan())
    assert capsys.readouterr() == ("updated pipeline\n", "")


@pytest.mark.parametrize("method", ["plan", "upsert"])
def test_nothing_is_asked_with_mistakes(
    changed: Pipeline, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """What the checks find is said before the account is looked at."""
    finding = Finding(rule="D010", pointer="/Steps/0", message="No.", source="https://x")
    monkeypatch.setattr(pipelines.checks, "check", lambda _: [finding])
    monkeypatch.setattr(pipelines.account.deployed, "read_state", pytest.fail)
    with pytest.raises(DefinitionError) as caught:
        getattr(changed, method)()
    assert str(caught.value) == (
        "Pipeline 'training' has mistakes; nothing was done.\ntraining:/Steps/0 D010 No."
    )


@pytest.fixture
def dogs() -> Pipeline:
    """A pipeline of the account that the clients answer for."""
    return Pipeline("training", ACCOUNT_SITE)


@pytest.mark.parametrize("is_waiting", [False, True])
def test_an_execution_is_started(
    dogs: Pipeline,
    sagemaker: Sagemaker,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    is_waiting: bool,
) -> None:
    """Values of any type are given as text; whoever waits sees each step that ends."""
    given: dict[str, Any] = {}

    def start(name: str, site: Site, clients: Clients, **options: Any) -> Started:
        given.update(options)
        return Started(arn=arn("a"))

    monkeypatch.setattr(pipelines.account.start, "start", start)
    for _ in range(1 + is_waiting):
        tell_end(sagemaker)
    shown = dogs.start(
        wait=is_waiting,
        only="Train" if is_waiting else ["Train"],
        display_name="mine",
        Epochs=3,
        HorizontalFlip=True,
    )
    assert shown.status is Status.STOPPED
    assert len(given.pop("token")) >= 32
    assert given == {
        "parameters": {"Epochs": "3", "HorizontalFlip": "True"},
        "selection": Selection(only=("Train",)),
        "display_name": "mine",
        "description": "",
    }
    printed = capsys.readouterr().out
    assert printed.startswith("started training/a\n")
    assert ("Preprocess" in printed) == is_waiting


def test_a_selective_execution_says_what_it_builds_on(
    dogs: Pipeline,
    sagemaker: Sagemaker,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nobody chose it: it was found."""
    started = Started(arn=arn("b"), steps=("Train",), reference=arn("a"))
    monkeypatch.setattr(pipelines.account.start, "start", lambda *_, **__: started)
    tell_end(sagemaker, "b")
    dogs.start(only="Train")
    assert capsys.readouterr().out == (
        "started training/b\nResults and parameters of training/a are used again.\n"
    )


def test_a_start_without_an_answer_is_not_done_twice(
    dogs: Pipeline, sagemaker: Sagemaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same call again has the same token; another call, or one after an answer, has its own."""
    tokens: list[str] = []

    def start(*_: object, token: str, **__: object) -> Started:
        tokens.append(token)
        if len(tokens) == 1:
            raise AccountError("The connection ended.")
        return Started(arn=arn("a"))

    monkeypatch.setattr(pipelines.account.start, "start", start)
    with pytest.raises(AccountError):
        dogs.start(Epochs=3)
    for epochs in (4, 3, 3):
        tell_end(sagemaker)
        dogs.start(Epochs=epochs)
    lost, other, repeated, new = tokens
    assert lost == repeated
    assert len({lost, other, new}) == 3


def test_what_was_started_is_said_though_it_cannot_be_read(
    dogs: Pipeline,
    sagemaker: Sagemaker,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It runs and costs: whoever started it knows where to find it."""
    monkeypatch.setattr(pipelines.account.start, "start", lambda *_, **__: Started(arn=arn("a")))
    sagemaker.stub.add_client_error("describe_pipeline_execution", "AccessDeniedException")
    with pytest.raises(AccountError):
        dogs.start()
    assert capsys.readouterr().out == "started training/a\n"


def test_no_executions_are_not_listed(dogs: Pipeline) -> None:
    """It is refused before the service is asked, which takes no such number."""
    with pytest.raises(ValueError, match=r"^num_executions is 0; expected 1 or more\.$"):
        dogs.executions(0)


def test_executions_are_listed(dogs: Pipeline, sagemaker: Sagemaker) -> None:
    """The newest of this pipeline, as many as are asked for, with the reasons of their steps."""
    sagemaker.executions(("b", "Executing"), ("a", "Failed"), num=2)
    sagemaker.steps("a", record("Train", "Failed", FailureReason="No labels."))
    found = dogs.executions(2)
    assert [(item.id, item.failure_reason) for item in found] == [
        ("b", ""),
        ("a", "Step 'Train' failed: No labels."),
    ]


@pytest.mark.parametrize("name", ["a", arn("a")], ids=["id", "ARN"])
def test_an_execution_is_found_again(dogs: Pipeline, sagemaker: Sagemaker, name: str) -> None:
    """By its id or its ARN."""
    tell_end(sagemaker)
    assert dogs.execution(name).execution.arn == arn("a")


def test_the_newest_execution_is_found(dogs: Pipeline, sagemaker: Sagemaker) -> None:
    """Without a name it is the newest of this pipeline."""
    sagemaker.executions(("b", "Failed"), num=1)
    tell_end(sagemaker, "b")
    assert dogs.execution().execution.id == "b"


def test_an_execution_that_is_not_there_is_one_message(
    dogs: Pipeline, sagemaker: Sagemaker
) -> None:
    """The service's error is said in our words."""
    sagemaker.absent("describe_pipeline_execution")
    with pytest.raises(AccountError) as caught:
        dogs.execution("z")
    assert caught.value._render_traceback_() == [
        "AccountError: There is no execution 'training/z'; 'pipelines status --account training' "
        "lists those that there are."
    ]


def test_a_run_takes_folders_as_texts(
    pipeline: Pipeline,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Paths and values are taken as a person writes them; steps are printed, and nothing else."""
    given: dict[str, Any] = {}
    execution = object()

    def run_pipeline(name: str, site: Site, **options: Any) -> object:
        warnings.warn("IProgress not found. Please update jupyter.", stacklevel=1)
        given.update(options)
        options["display"]._stream.write("a step\n")
        return execution

    monkeypatch.setattr(pipelines.run, "run_pipeline", run_pipeline)
    shown = pipeline.run(images="dogs", root=str(tmp_path), resume="a", Epochs=3)
    assert (shown.execution, shown.root) == (execution, tmp_path)
    given.pop("display")
    assert given == {
        "parameters": {"Epochs": "3"},
        "root": tmp_path,
        "images_dir": Path("dogs"),
        "resume": "a",
    }
    assert capsys.readouterr() == ("a step\n", "")
    pipeline.run()
    assert given["images_dir"] is None
    assert given["root"] == Path(".local")
