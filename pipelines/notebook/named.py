"""Values that are asked for by name; of a name that is not there, the error says why."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from pipelines.notebook.messages import NotThereError, in_short

ValueT = TypeVar("ValueT")


class Named(dict[str, ValueT]):
    """Values by name."""

    def __init__(self, values: Mapping[str, ValueT], *, why: Callable[[str], str]) -> None:
        """Take values.

        Args:
            values: The values.
            why: Says of a name why it is not among them.
        """
        super().__init__(values)
        self._why = why

    @in_short()
    def __missing__(self, name: object) -> ValueT:
        raise NotThereError(self._why(str(name)))
