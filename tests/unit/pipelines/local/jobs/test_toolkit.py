"""Tests of pipelines.local.jobs.toolkit; expected is what sagemaker-training 5.1.4 gives."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.local.jobs import toolkit

HYPERPARAMETERS = {
    "sagemaker_program": "steps/train/script.py",
    "sagemaker_submit_directory": "s3://box/sourcedir.tar.gz",
    "sagemaker_custom": "7",
    "_tuning_objective_metric": "loss",
    "epochs": "3",
    "learning_rate": "1e-3",
    "flip": "True",
    "lower": "true",
    "quoted": '"x"',
    "nothing": "null",
    "choices": '{"b": 2, "a": 1}',
    "x": "1",
}


@pytest.fixture(autouse=True)
def _forget_gpus() -> Iterator[None]:
    toolkit.num_gpus.cache_clear()
    yield
    toolkit.num_gpus.cache_clear()


def test_arguments_are_sorted_and_parsed() -> None:
    """Values go through JSON, reserved names are hidden, one letter has one dash."""
    assert toolkit.script_arguments(HYPERPARAMETERS) == [
        *("--choices", "a=1,b=2"),
        *("--epochs", "3"),
        *("--flip", "True"),
        *("--learning_rate", "0.001"),
        *("--lower", "True"),
        *("--nothing", ""),
        *("--quoted", "x"),
        *("-x", "1"),
    ]


def test_variables_describe_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders, channels, hyperparameters and the host are there under the toolkit's names."""
    monkeypatch.setattr(toolkit.shutil, "which", lambda _: None)

    variables = toolkit.toolkit_environment(
        ml_dir=Path("/job/ml"),
        job_name="job-1",
        hyperparameters=HYPERPARAMETERS,
        channels={"validation": {}, "train": {"TrainingInputMode": "File"}},
        resources=toolkit.resource_config(instance_type="ml.m5.large"),
    )

    training_env = json.loads(variables.pop("SM_TRAINING_ENV"))
    assert training_env["channel_input_dirs"] == {
        "train": "/job/ml/input/data/train",
        "validation": "/job/ml/input/data/validation",
    }
    assert training_env["job_name"] == "job-1"
    assert training_env["additional_framework_parameters"] == {"sagemaker_custom": 7}
    assert variables == {
        "SM_CHANNELS": '["train","validation"]',
        "SM_CHANNEL_TRAIN": "/job/ml/input/data/train",
        "SM_CHANNEL_VALIDATION": "/job/ml/input/data/validation",
        "SM_CURRENT_HOST": "algo-1",
        "SM_CURRENT_INSTANCE_GROUP": "homogeneousCluster",
        "SM_CURRENT_INSTANCE_GROUP_HOSTS": '["algo-1"]',
        "SM_CURRENT_INSTANCE_TYPE": "ml.m5.large",
        "SM_DISTRIBUTION_INSTANCE_GROUPS": "[]",
        "SM_FRAMEWORK_MODULE": "",
        "SM_FRAMEWORK_PARAMS": '{"sagemaker_custom":7}',
        "SM_HOSTS": '["algo-1"]',
        "SM_HPS": (
            '{"choices":{"a":1,"b":2},"epochs":3,"flip":"True","learning_rate":0.001,"lower":true,'
            '"nothing":null,"quoted":"x","x":1}'
        ),
        "SM_HP_CHOICES": '{"a":1,"b":2}',
        "SM_HP_EPOCHS": "3",
        "SM_HP_FLIP": "True",
        "SM_HP_LEARNING_RATE": "0.001",
        "SM_HP_LOWER": "true",
        "SM_HP_NOTHING": "",
        "SM_HP_QUOTED": "x",
        "SM_HP_X": "1",
        "SM_INPUT_CONFIG_DIR": "/job/ml/input/config",
        "SM_INPUT_DATA_CONFIG": '{"train":{"TrainingInputMode":"File"},"validation":{}}',
        "SM_INPUT_DIR": "/job/ml/input",
        "SM_INSTANCE_GROUPS": '["homogeneousCluster"]',
        "SM_INSTANCE_GROUPS_DICT": (
            '{"homogeneousCluster":{"hosts":["algo-1"],'
            '"instance_group_name":"homogeneousCluster","instance_type":"ml.m5.large"}}'
        ),
        "SM_IS_HETERO": "false",
        "SM_LOG_LEVEL": "20",
        "SM_MODEL_DIR": "/job/ml/model",
        "SM_MODULE_DIR": "s3://box/sourcedir.tar.gz",
        "SM_MODULE_NAME": "steps/train/script",
        "SM_NETWORK_INTERFACE_NAME": "eth0",
        "SM_NUM_CPUS": str(os.cpu_count()),
        "SM_NUM_GPUS": "0",
        "SM_NUM_NEURONS": "0",
        "SM_OUTPUT_DATA_DIR": "/job/ml/output/data",
        "SM_OUTPUT_DIR": "/job/ml/output",
        "SM_OUTPUT_INTERMEDIATE_DIR": "/job/ml/output/intermediate",
        "SM_RESOURCE_CONFIG": (
            '{"current_group_name":"homogeneousCluster","current_host":"algo-1",'
            '"current_instance_type":"ml.m5.large","hosts":["algo-1"],'
            '"instance_groups":[{"hosts":["algo-1"],"instance_group_name":"homogeneousCluster",'
            '"instance_type":"ml.m5.large"}],"network_interface_name":"eth0"}'
        ),
        "SM_USER_ARGS": (
            '["--choices","a=1,b=2","--epochs","3","--flip","True","--learning_rate","0.001",'
            '"--lower","True","--nothing","","--quoted","x","-x","1"]'
        ),
        "SM_USER_ENTRY_POINT": "steps/train/script.py",
    }


def test_gpus_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line of nvidia-smi that names a GPU counts."""
    listing = "GPU 0: A (UUID: x)\nGPU 1: B (UUID: y)\n\n"
    monkeypatch.setattr(toolkit.shutil, "which", lambda _: "/bin/nvidia-smi")
    monkeypatch.setattr(
        toolkit.subprocess,
        "run",
        lambda arguments, **_: subprocess.CompletedProcess(arguments, 0, stdout=listing),
    )

    assert toolkit.num_gpus() == 2
