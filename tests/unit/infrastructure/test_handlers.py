"""What AWS Lambda calls: the entry point of each function."""

import importlib
import inspect
import subprocess
import sys

import boto3
import pytest
from botocore.loaders import Loader

FUNCTIONS = (
    "activate_baseline",
    "configure_autoscaling",
    "find_approved_model",
    "find_model_package",
    "judge_window",
    "publish_metrics",
    "restore_previous",
    "select_window",
    "smoke_test",
    "start_retraining",
)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_handler_passes_the_clients_that_the_function_takes(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each keyword is a client of the service of its name, which botocore knows."""
    module = importlib.import_module(f"infrastructure.functions.{name}.handler")
    parameters = inspect.signature(module.respond).parameters.values()
    wanted = [item.name for item in parameters if item.kind is inspect.Parameter.KEYWORD_ONLY]
    monkeypatch.setattr(boto3, "client", lambda service, **_: service)
    monkeypatch.setattr(module, "respond", lambda event, **clients: {"event": event, **clients})
    answer = module.handler({"key": "value"}, None)
    services = {keyword: keyword.replace("_", "-") for keyword in wanted}
    assert answer == {"event": {"key": "value"}, **services}
    assert set(services.values()) <= set(Loader().list_available_services("service-2"))


def test_functions_load_nothing_that_lambda_lacks() -> None:
    """Importing the functions imports no SDK and no numeric library: Lambda has only boto3."""
    program = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(f'infrastructure.functions.{name}.handler')\n"
        "print(sorted({'PIL', 'numpy', 'sagemaker', 'torch'} & set(sys.modules)))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, *FUNCTIONS], capture_output=True, check=True, text=True
    )
    assert result.stdout == "[]\n"
