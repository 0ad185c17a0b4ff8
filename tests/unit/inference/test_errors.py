"""The handler's error, with and without the serving toolkit."""

import runpy
import sys
from http import HTTPStatus
from pathlib import Path
from types import ModuleType

import pytest

import inference.errors
from inference.errors import RequestError


def test_error_holds_status_message_and_phrase() -> None:
    """A server needs no more than the error to answer."""
    error = RequestError(HTTPStatus.NOT_ACCEPTABLE, "No such type.")
    assert (error.status_code, error.message, error.phrase) == (
        406,
        "No such type.",
        "Not Acceptable",
    )
    assert str(error) == "No such type."


def test_error_is_the_toolkits_own_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The toolkit answers 4xx only for its own class, so ours derives from it."""

    class ToolkitError(Exception):
        def __init__(self, status_code: int, message: str, phrase: str) -> None:
            self.status_code, self.message, self.phrase = status_code, message, phrase

    package, module = ModuleType("sagemaker_inference"), ModuleType("sagemaker_inference.errors")
    module.__dict__["BaseInferenceToolkitError"] = ToolkitError
    monkeypatch.setitem(sys.modules, package.__name__, package)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    names = runpy.run_path(str(Path(inference.errors.__file__)))
    error = names["RequestError"](HTTPStatus.BAD_REQUEST, "Empty.")
    assert isinstance(error, ToolkitError)
    assert (error.status_code, error.message, error.phrase) == (400, "Empty.", "Bad Request")
