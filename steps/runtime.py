"""How a job script starts and ends: its log, the time it took, and what it says at the end."""

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

logger = logging.getLogger(__name__)

PROCESSING_DIR = Path("/opt/ml/processing")
"""Where a processing job has a folder `input/<name>` and `output/<name>` for each of them."""

MAX_MESSAGE_CHARACTERS = 1024
"""The service keeps this much of a failure reason and of an exit message.

Source: Amazon SageMaker AI Developer Guide, "How Amazon SageMaker AI Signals Algorithm Success and
Failure",
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-signal-success-failure.html
"""


class InputError(ValueError):
    """What the job was given is not as it must be: its message says it all, without a traceback."""


@contextmanager
def input_errors(kind: type[Exception]) -> Iterator[None]:
    """Let errors of one kind be what the job was given, and their text its failure reason."""
    try:
        yield
    except kind as error:
        raise InputError(str(error)) from error


class JobParser(argparse.ArgumentParser):
    """Parses a job script's options; what is wrong with them becomes the job's failure reason."""

    def __init__(self, description: str | None) -> None:
        super().__init__(description=description, allow_abbrev=False)

    def add_folders(self, *, inputs: Iterable[str], outputs: Iterable[str]) -> None:
        """Take the options `--<name>-dir` of `steps.job.path_arguments`, with the job's folders."""
        for kind, names in (("input", inputs), ("output", outputs)):
            for name in names:
                self.add_argument(f"--{name}-dir", type=Path, default=PROCESSING_DIR / kind / name)

    def error(self, message: str) -> NoReturn:
        """End the script with the message, as `run` passes it on."""
        self.print_usage(sys.stderr)
        sys.exit(f"Wrong options: {message}.")


def run(main: Callable[[], str | None]) -> None:
    """Run a script's main as a job, logging to standard output.

    What main returns is the job's exit message. When it raises, the job exits with 1, and the error
    is its failure reason; when it exits by itself, what it exits with. Both go to files in the
    folder `SM_OUTPUT_DIR`: the service reads `message` of processing jobs and `failure` of training
    jobs.
    """
    logging.basicConfig(
        level=logging.INFO, stream=sys.stdout, format="%(levelname)s %(name)s: %(message)s"
    )
    started = time.perf_counter()
    try:
        message = main()
    except InputError as error:
        logger.error("%s", error)  # noqa: TRY400 - nobody looks for this mistake in the code
        _say(str(error), "failure", "message")
        sys.exit(1)
    except Exception as error:
        logger.exception("The job failed.")
        reason = f"{type(error).__name__}: {error}"
        _say(reason, "failure", "message")
        sys.exit(1)
    except SystemExit as stop:
        if stop.code:
            is_reason = isinstance(stop.code, str)
            reason = str(stop.code) if is_reason else f"The script exited with {stop.code}."
            _say(reason, "failure", "message")
        raise
    if message:
        logger.info("%s", message)
        _say(message, "message")
    logger.info("main took %.3f s", time.perf_counter() - started)


def _say(text: str, *names: str) -> None:
    output_dir = Path(os.environ.get("SM_OUTPUT_DIR", "/opt/ml/output"))
    output_dir.mkdir(parents=True, exist_ok=True)
    for name in names:
        (output_dir / name).write_text(text[:MAX_MESSAGE_CHARACTERS], encoding="utf-8")
