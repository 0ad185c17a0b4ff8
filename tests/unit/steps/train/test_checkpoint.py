"""Checkpoints of one training among those of others."""

from pathlib import Path

import torch

from steps.train.checkpoint import Checkpoints, fingerprint


def test_state_comes_back_to_the_same_training_only(tmp_path: Path) -> None:
    """Equal facts find the state, whatever their order; other facts start anew."""
    Checkpoints(tmp_path, {"code": "a", "seed": 1}).save({"step": 3, "weights": torch.ones(2)})
    found = Checkpoints(tmp_path, {"seed": 1, "code": "a"}).load()
    assert found is not None
    assert found["step"] == 3
    assert torch.equal(found["weights"], torch.ones(2))
    assert Checkpoints(tmp_path, {"code": "b", "seed": 1}).load() is None


def test_trainings_do_not_touch_each_other(tmp_path: Path) -> None:
    """A second training saves beside the first."""
    first, second = Checkpoints(tmp_path, {"seed": 1}), Checkpoints(tmp_path, {"seed": 2})
    first.save({"step": 1})
    second.save({"step": 2})
    assert (first.load(), second.load()) == ({"step": 1}, {"step": 2})


def test_fingerprint_is_a_folder_name() -> None:
    """32 hexadecimal digits, different for different facts."""
    assert len(fingerprint({"a": 1})) == 32
    assert int(fingerprint({"a": 1}), 16) != int(fingerprint({"a": 2}), 16)
