"""Puts the scheduler of this machine together: the declared rules, and the functions they call."""

from collections.abc import Callable, Sequence
from pathlib import Path

from infrastructure.functions.model_packages import approved_training
from infrastructure.functions.start_retraining.handler import respond
from pipelines.local.scheduler import Scheduler, Triggers
from pipelines.local.stand_ins.pipelines import Start
from pipelines.triggers import APPROVAL_RULE, DRIFT_RULE, Schedule
from steps.site import Site


def local_scheduler(
    site: Site,
    root: Path,
    *,
    schedules: Sequence[Schedule],
    start: Start,
    say: Callable[[str], None],
) -> Scheduler:
    """The scheduler of one root.

    Args:
        site: Whose models it looks after.
        root: Folder of the object store, the executions and the model packages.
        schedules: What runs again and again, beside what the rules start.
        start: Runs a pipeline.
        say: Told each thing that happens, as a line for a person.
    """
    return Scheduler(
        root,
        Triggers(
            schedules=schedules,
            drift=DRIFT_RULE,
            approval=APPROVAL_RULE,
            group=site.model_package_group,
        ),
        start=start,
        start_retraining=respond,
        approved_training=approved_training,
        say=say,
    )
