"""Errors as a person reads them in a notebook: their message, and no traceback of libraries."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def in_short() -> Iterator[None]:
    """Let a notebook show only the message of an error that a person can act on."""
    from pipelines.account.errors import AccountError
    from pipelines.checks.finding import DefinitionError
    from pipelines.local.errors import LocalExecutionError
    from steps.errors import DeclarationError

    try:
        yield
    except (AccountError, DeclarationError, DefinitionError, LocalExecutionError) as error:
        lines = [f"{type(error).__name__}: {error}"]
        # IPython asks an error for what to print in place of its traceback.
        error._render_traceback_ = lambda: lines  # type: ignore[union-attr]
        raise error from None
