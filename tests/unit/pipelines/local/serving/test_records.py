"""Tests of pipelines.local.serving.records."""

import fcntl
from pathlib import Path

from pipelines.local.serving.records import (
    LOCK_FILE,
    EndpointStatus,
    State,
    Variant,
    Wanted,
    is_alive,
)

VARIANT = Variant(
    name="AllTraffic",
    weight=0.5,
    model_name="model",
    model_package_arn="arn",
    archive="/model.tar.gz",
    environment={"A": "b"},
    samples_dir="/samples",
)


def test_what_is_wanted_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """The process reads what the deployer wrote."""
    wanted = Wanted(
        id="1",
        endpoint="dogs",
        config_name="config",
        variants=(VARIANT,),
        capture={"InitialSamplingPercentage": 100},
    )

    wanted.write(tmp_path)

    assert Wanted.read(tmp_path) == wanted


def test_the_state_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """The deployer reads what the process wrote; before that, there is nothing."""
    state = State(
        wanted_id="1",
        status=EndpointStatus.IN_SERVICE,
        config_name="config",
        variants=(VARIANT,),
        failure_reason="",
        port=8080,
        pid=4711,
        created="2026-11-21T09:00:00+00:00",
        modified="2026-11-21T09:00:01+00:00",
    )

    before = State.read(tmp_path)
    state.write(tmp_path)

    assert before is None
    assert State.read(tmp_path) == state


def test_a_process_lives_as_long_as_it_holds_the_lock(tmp_path: Path) -> None:
    """Neither a missing lock nor one that nobody holds is a process."""
    alive = [is_alive(tmp_path)]
    with (tmp_path / LOCK_FILE).open("w") as file:
        alive.append(is_alive(tmp_path))
        fcntl.flock(file, fcntl.LOCK_EX)
        alive.append(is_alive(tmp_path))
    alive.append(is_alive(tmp_path))

    assert alive == [False, False, True, False]
