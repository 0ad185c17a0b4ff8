"""How a job script starts and ends: its log, the time it took, and the reason when it fails."""

import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

logger = logging.getLogger(__name__)

MAX_REASON_CHARACTERS = 1024
"""The service keeps this much of a failure reason.

Source: Amazon SageMaker AI Developer Guide, "How Amazon SageMaker AI Signals Algorithm Success and
Failure",
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-signal-success-failure.html
"""


def run(main: Callable[[], None]) -> None:
    """Run a script's main as a job: log to standard output; when it raises, exit with 1 and why.

    The reason goes to the files `failure` (training jobs) and `message` (processing jobs) in the
    folder `SM_OUTPUT_DIR`, which the service copies into the job's FailureReason or ExitMessage.
    """
    logging.basicConfig(
        level=logging.INFO, stream=sys.stdout, format="%(levelname)s %(name)s: %(message)s"
    )
    started = time.perf_counter()
    try:
        main()
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        logger.exception("The job failed.")
        output_dir = Path(os.environ.get("SM_OUTPUT_DIR", "/opt/ml/output"))
        output_dir.mkdir(parents=True, exist_ok=True)
        for name in ("failure", "message"):
            (output_dir / name).write_text(reason[:MAX_REASON_CHARACTERS], encoding="utf-8")
        sys.exit(1)
    logger.info("main took %.3f s", time.perf_counter() - started)
