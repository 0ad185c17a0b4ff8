"""Errors in a notebook."""

import traceback

import pytest
from botocore.exceptions import NoCredentialsError

from pipelines.account.errors import AccountError, explained
from pipelines.cost import CostError
from pipelines.definition import DefinitionError
from pipelines.local.errors import ParameterError
from pipelines.notebook.messages import NotRegisteredError, NotThereError, in_short
from steps.errors import SiteError


@pytest.mark.parametrize(
    "error",
    [
        AccountError("Look there."),
        CostError("Another one."),
        DefinitionError({"training": []}),
        NotRegisteredError("None."),
        NotThereError("There is no 'x'."),
        ParameterError("Not so."),
        SiteError("Set it."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_only_the_message_is_shown(error: Exception) -> None:
    """IPython is given one line in place of a traceback."""
    with pytest.raises(type(error)) as caught, in_short():
        raise error
    assert caught.value is error
    assert error._render_traceback_() == [f"{type(error).__name__}: {error}"]


def test_nothing_is_said_of_botocore() -> None:
    """A script's traceback begins with our error, and not with the library's."""

    @explained()
    def call() -> None:
        raise NoCredentialsError

    with pytest.raises(AccountError) as caught, in_short():
        call()
    lines = "".join(traceback.format_exception(caught.value))
    assert "NoCredentialsError" not in lines
    assert "There are no AWS credentials" in lines


def test_a_mistake_of_ours_keeps_its_traceback() -> None:
    """What nobody expects is shown with all there is."""
    with pytest.raises(ZeroDivisionError) as caught, in_short():
        _ = 1 / 0
    assert not hasattr(caught.value, "_render_traceback_")
