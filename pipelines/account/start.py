"""Starts executions in an account, stops them, and lets those that failed go on."""

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.account.clients import Clients
from pipelines.account.deployed import check_account
from pipelines.account.errors import AccountError, explained
from pipelines.account.executions import (
    execution_id,
    given_parameters,
    not_deployed,
    unless_absent,
)
from pipelines.account.selection import Selection, find_reference, needs, selected_steps
from pipelines.definition import Json, load
from pipelines.execution import Status
from pipelines.local.errors import ParameterError
from pipelines.local.parameters import resolve_parameters
from pipelines.wording import quote
from steps.site import Site

MIN_TOKEN_CHARACTERS = 32
MAX_TOKEN_CHARACTERS = 128
"""Lengths of a ClientRequestToken.

Source: Amazon SageMaker AI API Reference, StartPipelineExecution,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StartPipelineExecution.html
"""
_DISPLAY_NAME = re.compile(r"(?=.{1,82}$)[a-zA-Z0-9](-*[a-zA-Z0-9])*")
_MAX_DESCRIPTION_CHARACTERS = 3072
"""Forms of what people call an execution; the same source."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """An execution that was started."""

    arn: str
    steps: tuple[str, ...] = ()
    """Steps of a selective execution; empty: it is one of all steps."""
    reference: str | None = None
    """ARN of the execution whose results and parameters a selective execution takes."""


def new_token() -> str:
    """A token that makes the service start one execution, however often it is asked."""
    return uuid.uuid4().hex


@explained()
def start(
    name: str,
    site: Site,
    clients: Clients,
    *,
    token: str,
    parameters: Mapping[str, str],
    selection: Selection | None = None,
    display_name: str = "",
    description: str = "",
    before_call: Callable[[], None] = lambda: None,
) -> Started:
    """Start an execution of a deployed pipeline.

    Args:
        name: Its name in the catalogue.
        site: The site.
        clients: Clients of its account.
        token: A token, of `new_token` for a new execution; a call with the same token as an
            earlier one answers with the execution that this one started.
        parameters: Values of pipeline parameters, as text. In a selective execution, others are
            those of the execution that it builds on.
        selection: Steps to run; None for all.
        display_name: Name for people; empty: the service makes one up.
        description: What it is for.
        before_call: Called when all has been checked, just before the service is asked to start:
            only then is the token worth something, and the answer may be lost.

    Raises:
        AccountError: The pipeline is not deployed, there is nothing to build a selective execution
            on, or the credentials are another account's.
        ParameterError: A parameter or a step is not as the deployed definition wants it, or the
            service takes no such name or description.
    """
    _check_words(display_name, description)
    pipeline_name = site.pipeline_name(name)
    with unless_absent(not_deployed(name)):
        answer = clients.sagemaker.describe_pipeline(PipelineName=pipeline_name)
    check_account(answer["PipelineArn"], site)
    definition = load(answer["PipelineDefinition"])
    # What is wrong with these is said before anything is looked for.
    given = _checked(definition, parameters, name)
    chosen = [] if selection is None else selected_steps(definition, selection)
    reference = None
    if chosen:
        reference = find_reference(name, needs(definition, chosen), site, clients)
    if reference is not None:
        declared = {parameter["Name"] for parameter in definition.get("Parameters", [])}
        earlier = given_parameters(reference, clients.sagemaker)
        kept = {key: value for key, value in earlier.items() if key in declared}
        given = _checked(definition, {**kept, **parameters}, name)
    request: dict[str, Any] = {
        "PipelineName": pipeline_name,
        "ClientRequestToken": token,
        "PipelineParameters": [
            {"Name": key, "Value": value} for key, value in sorted(given.items())
        ],
        "PipelineExecutionDisplayName": display_name,
        "PipelineExecutionDescription": description,
    }
    if chosen:
        config: dict[str, Any] = {"SelectedSteps": [{"StepName": step} for step in chosen]}
        if reference is not None:
            config["SourcePipelineExecutionArn"] = reference
        request["SelectiveExecutionConfig"] = config
    before_call()
    answer = clients.sagemaker.start_pipeline_execution(
        **{key: value for key, value in request.items() if value}
    )
    return Started(arn=answer["PipelineExecutionArn"], steps=tuple(chosen), reference=reference)


def _check_words(display_name: str, description: str) -> None:
    """Refuse what the service would refuse, before it is asked for anything."""
    if display_name and _DISPLAY_NAME.fullmatch(display_name) is None:
        raise ParameterError(
            f"The name of an execution cannot be {quote(display_name)}; expected letters and "
            "digits with hyphens between them, at most 82 characters. A description takes any."
        )
    if "\n" in description or len(description) > _MAX_DESCRIPTION_CHARACTERS:
        size = "several lines" if "\n" in description else f"{len(description)} characters"
        raise ParameterError(
            f"The description of an execution has {size}; expected one line of at most "
            f"{_MAX_DESCRIPTION_CHARACTERS} characters."
        )


def _checked(definition: Mapping[str, Json], given: Mapping[str, str], name: str) -> dict[str, str]:
    """The values that are given, each in the form that its declared type has as text."""
    values = resolve_parameters(definition.get("Parameters", []), given, pipeline=name)
    return {key: str(values[key]) for key in given}


@explained()
def stop(arn: str, clients: Clients) -> None:
    """Stop an execution: its jobs are stopped, too.

    Args:
        arn: Its ARN.
        clients: Clients of its account.

    Raises:
        AccountError: There is no such execution, or it has ended.
    """
    status = _status(arn, clients)
    if not status.is_under_way:
        raise AccountError(f"Execution '{execution_id(arn)}' has ended as {status}.")
    clients.sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)


@explained()
def retry(arn: str, clients: Clients) -> None:
    """Let an execution that failed, or was stopped, go on where it ended.

    It goes on with the definition that it started with: what has been published since, such as
    mended code, is not in it.

    Args:
        arn: Its ARN.
        clients: Clients of its account.

    Raises:
        AccountError: There is no such execution, or it has neither failed nor been stopped.
    """
    status = _status(arn, clients)
    if status.is_under_way or status is Status.SUCCEEDED:
        raise AccountError(
            f"Execution '{execution_id(arn)}' is {status}; only one that failed or was stopped can "
            "be tried again."
        )
    clients.sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn)


def _status(arn: str, clients: Clients) -> Status:
    with unless_absent(f"There is no execution '{execution_id(arn)}'."):
        answer = clients.sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    return Status(answer["PipelineExecutionStatus"])
