"""Runs the functions of Lambda steps in this process, with stand-ins for the service clients.

A function is the folder `<functions>/<name>/` with a module `handler.py`. Its
`respond(event, *, sagemaker)` takes the clients it needs as keyword arguments; the names of the
parameters say which.
"""

import importlib.util
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from pipelines.definition import Json
from pipelines.local.errors import StepFailed, UnsupportedStep, choices
from pipelines.local.stand_ins import STAND_INS, Backing

Respond: TypeAlias = Callable[..., Mapping[str, Json]]

_OUTPUT_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "String": str,
    "Integer": int,
    "Float": (int, float),
    "Boolean": bool,
}


def load_function(step: str, function_arn: str, functions_dir: Path) -> Respond:
    """Find the code of a Lambda step by the last word of its function's name.

    It is the code of this machine, whatever version an alias names.

    Args:
        step: Name of the step, for messages.
        function_arn: For example `arn:aws:lambda:...:function:<project>-find_model:<alias>`, which
            is the folder `find_model`; it may have no alias.
        functions_dir: Folder of the functions.

    Returns:
        The module's `respond`.

    Raises:
        UnsupportedStep: There is no such function, or it asks for a client that has no stand-in.
    """
    name = function_arn.partition(":function:")[2].partition(":")[0].rpartition("-")[2]
    path = functions_dir / name / "handler.py"
    known = [found.parent.name for found in functions_dir.glob("*/handler.py")]
    if name not in known:
        raise UnsupportedStep(
            f"Step '{step}' calls the function '{name}', which has no {path}. "
            f"Functions: {choices(known)}."
        )
    specification = importlib.util.spec_from_file_location(f"local_function_{name}", path)
    assert specification is not None  # noqa: S101 - the path ends with .py
    assert specification.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    respond: Respond | None = getattr(module, "respond", None)
    if respond is None:
        raise UnsupportedStep(
            f"Step '{step}' calls the function '{name}', whose {path} has no 'respond'; "
            "expected respond(event, *, <clients>)."
        )
    for parameter in _clients(respond):
        if parameter not in STAND_INS:
            raise UnsupportedStep(
                f"Step '{step}' calls the function '{name}', which asks for the client "
                f"'{parameter}'. Stand-ins: {choices(list(STAND_INS))}."
            )
    return respond


def call_function(
    respond: Respond,
    event: Mapping[str, Json],
    outputs: list[Mapping[str, str]],
    *,
    backing: Backing,
) -> dict[str, Json]:
    """Call a function and read the output parameters from what it returns.

    Args:
        respond: Result of `load_function`.
        event: The step's resolved arguments.
        outputs: The step's OutputParameters.
        backing: What the stand-ins answer from.

    Returns:
        The output parameters by name.

    Raises:
        StepFailed: The function raised, or an output is missing or of the wrong type.
    """
    clients = {name: STAND_INS[name](backing) for name in _clients(respond)}
    try:
        answer = respond(dict(event), **clients)
    except (Exception, SystemExit) as error:
        raise StepFailed(f"Lambda function failed: {type(error).__name__}: {error}") from error
    values: dict[str, Json] = {}
    for output in outputs:
        name, kind = output["OutputName"], output["OutputType"]
        if name not in answer:
            raise StepFailed(
                f"The Lambda function returned no output '{name}'. "
                f"Returned: {choices(list(answer))}."
            )
        value = answer[name]
        if not isinstance(value, _OUTPUT_TYPES[kind]) or (
            isinstance(value, bool) and kind != "Boolean"
        ):
            raise StepFailed(
                f"Output '{name}' of the Lambda function is {value!r}; expected {kind}."
            )
        values[name] = value
    return values


def _clients(respond: Respond) -> list[str]:
    parameters = inspect.signature(respond).parameters.values()
    return [item.name for item in parameters if item.kind is inspect.Parameter.KEYWORD_ONLY]
