"""Tests of steps.lambda_function."""

import re
from pathlib import Path

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from steps.lambda_function import Function, lambda_function
from steps.site import Site


def function(tmp_path: Path, *, code: str = "", role: str = "a", rules_arn: str = "") -> Function:
    """A function with this code."""
    path = tmp_path / "infrastructure" / "functions" / "tidy" / "handler.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    for folder in list(path.parents)[:3]:
        (folder / "__init__.py").touch()
    path.write_text(code)
    site = Site(project="dogs", function_role_arn=f"arn:aws:iam::111122223333:role/{role}")
    return lambda_function("tidy", site, rules_arn=rules_arn, root=tmp_path)


def test_an_alias_names_code_and_configuration(tmp_path: Path) -> None:
    """The ARN ends with an alias that another code, role or permission changes."""
    first = function(tmp_path)
    assert re.fullmatch(
        r"arn:aws:lambda:us-east-1:111122223333:function:dogs-tidy:code-[0-9a-f]{12}", first.arn
    )
    assert first.arn == function(tmp_path).arn
    others = [
        function(tmp_path, code="x = 1\n"),
        function(tmp_path, role="b"),
        function(tmp_path, rules_arn="arn:aws:events:us-east-1:111122223333:rule/dogs.*"),
    ]
    assert len({first.arn, *(other.arn for other in others)}) == 4


def test_the_configuration_is_a_request_of_the_service(tmp_path: Path) -> None:
    """Lambda's own model takes it, and the handler is in the archive."""
    created = function(tmp_path)
    model = ServiceModel(Loader().load_service_model("lambda", "service-2"))
    shape = model.operation_model("CreateFunction").input_shape
    request = {
        "FunctionName": created.name,
        "Code": {"ZipFile": created.code.zip_archive()},
        **created.configuration,
    }
    assert not ParamValidator().validate(request, shape).has_errors()
    assert created.configuration["Runtime"] in model.shape_for("Runtime").enum
    module, _, name = created.configuration["Handler"].rpartition(".")
    assert name == "handler"
    assert f"{module.replace('.', '/')}.py" in created.code.files
