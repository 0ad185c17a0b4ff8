"""What can go wrong when a pipeline runs on this machine.

```
LocalExecutionError
  ParameterError         a pipeline parameter is unknown, missing or ill-typed
  UnresolvedReference    a Get or a JsonGet leads nowhere
  UnsupportedStep        a step cannot run here
  ResumeError            the execution to resume is not there
  StorageError           an object or a prefix of the local store is not as expected
  StepFailed             a step failed for good; carries the reason and the log
    TransientFault       the machine failed and not the script: a retry policy may list it
```

All but the last two are raised before the first job starts, or become the failure reason of the
step in which they arise.
"""

from pathlib import Path


class LocalExecutionError(Exception):
    """Root of the errors of `pipelines.local`."""


class ParameterError(LocalExecutionError):
    """A pipeline parameter is unknown, missing or ill-typed."""


class UnresolvedReference(LocalExecutionError):  # noqa: N818 - the cause, not the class, is the word
    """A Get or a JsonGet leads nowhere, or gives a value of the wrong type."""


class UnsupportedStep(LocalExecutionError):  # noqa: N818
    """A step cannot run on this machine."""


class ResumeError(LocalExecutionError):
    """The execution to resume is not there, or there is nothing to resume."""


class StorageError(LocalExecutionError):
    """An object or a prefix of the local store is not as expected."""


class StepFailed(LocalExecutionError):  # noqa: N818
    """A step failed; its message is the failure reason."""

    def __init__(self, reason: str, *, job_dir: Path | None = None) -> None:
        super().__init__(reason)
        self.job_dir = job_dir
        """Folder of the job with `log.txt` and `repeat.sh`; None where no job was started."""


class TransientFault(StepFailed):
    """The machine failed and not the script."""

    def __init__(
        self, reason: str, *, exception_type: str = "SageMaker.JOB_INTERNAL_ERROR"
    ) -> None:
        super().__init__(reason)
        self.exception_type = exception_type
        """The name by which a retry policy lists it."""


def choices(names: list[str], *, limit: int = 10) -> str:
    """Sorted names for a message, at most `limit` of them; `none` for an empty list."""
    shown = sorted(names)[:limit]
    more = len(names) - len(shown)
    return (", ".join(shown) or "none") + (f" and {more} more" if more else "")
