"""Errors as a person reads them in a notebook: their message, and no traceback of libraries.

NotRegisteredError   an execution registered no model package that could be decided on
NotThereError        there is nothing with the name that was asked for
"""

from collections.abc import Iterator
from contextlib import contextmanager


class NotRegisteredError(Exception):
    """An execution registered no model package."""


class NotThereError(KeyError):
    """There is nothing with a name; the message says what there is."""

    def __str__(self) -> str:
        return str(self.args[0])  # A KeyError would put it in quotes.


@contextmanager
def in_short() -> Iterator[None]:
    """Let a notebook show only the message of an error that a person can act on."""
    from pipelines.account.errors import AccountError
    from pipelines.cost.errors import CostError
    from pipelines.definition import DefinitionError
    from pipelines.local.errors import LocalExecutionError
    from steps.errors import DeclarationError

    try:
        yield
    except (
        AccountError,
        CostError,
        DeclarationError,
        DefinitionError,
        LocalExecutionError,
        NotRegisteredError,
        NotThereError,
    ) as error:
        lines = [f"{type(error).__name__}: {error}"]
        # IPython asks an error for what to print in place of its traceback.
        error._render_traceback_ = lambda: lines  # type: ignore[union-attr]
        raise error from None
