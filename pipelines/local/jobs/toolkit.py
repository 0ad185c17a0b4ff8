"""Decides the arguments and variables of a training script, as the training toolkit does.

Source: sagemaker-training 5.1.4, `environment.py` and `mapping.py`; a contract test runs that.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from pipelines.definition import Json

_INSTANCE_GROUP = "homogeneousCluster"
_HIDDEN = ("_tuning_objective_metric", "default_user_module_name")
_KNOWN = (
    "sagemaker_program", "sagemaker_submit_directory", "sagemaker_enable_cloudwatch_metrics",
    "sagemaker_region", "sagemaker_container_log_level", "sagemaker_job_name",
    "sagemaker_s3_output",
)  # fmt: skip
_INFO = 20


def script_hyperparameters(hyperparameters: Mapping[str, str]) -> dict[str, Json]:
    """The hyperparameters that a script gets, each parsed as JSON where it is JSON."""
    return {
        name: _parse(text)
        for name, text in hyperparameters.items()
        if name not in _HIDDEN and not name.startswith("sagemaker_")
    }


def script_arguments(hyperparameters: Mapping[str, str]) -> list[str]:
    """Arguments of a script: `--name value`, sorted by name; `-n value` for one letter."""
    values = script_hyperparameters(hyperparameters)
    arguments = []
    for name in sorted(values):
        arguments += [f"--{name}" if len(name) > 1 else f"-{name}", _argument(values[name])]
    return arguments


def resource_config(*, instance_type: str) -> dict[str, Json]:
    """Content of `resourceconfig.json` for a training job on one instance."""
    hosts = ["algo-1"]
    return {
        "current_host": hosts[0],
        "current_instance_type": instance_type,
        "current_group_name": _INSTANCE_GROUP,
        "hosts": hosts,
        "instance_groups": [
            {"instance_group_name": _INSTANCE_GROUP, "instance_type": instance_type, "hosts": hosts}
        ],
        "network_interface_name": "eth0",
    }


def toolkit_environment(
    *,
    ml_dir: Path,
    job_name: str,
    hyperparameters: Mapping[str, str],
    channels: Mapping[str, Json],
    resources: Mapping[str, Json],
) -> dict[str, str]:
    """The `SM_*` variables.

    Args:
        ml_dir: Folder that stands for `/opt/ml`.
        job_name: Name of the training job.
        hyperparameters: All hyperparameters of the job.
        channels: Content of `inputdataconfig.json`.
        resources: Content of `resourceconfig.json`.
    """
    values = script_hyperparameters(hyperparameters)
    program = str(_parse(hyperparameters["sagemaker_program"]))
    source = str(_parse(hyperparameters["sagemaker_submit_directory"]))
    extra = {
        name: _parse(text)
        for name, text in hyperparameters.items()
        if name.startswith("sagemaker_") and name not in _KNOWN
    }
    groups = {group["instance_group_name"]: group for group in resources["instance_groups"]}
    group = resources["current_group_name"]
    channel_dirs = {name: str(ml_dir / "input" / "data" / name) for name in channels}
    shared: dict[str, Json] = {
        "current_host": resources["current_host"],
        "current_instance_group": group,
        "current_instance_group_hosts": groups[group]["hosts"],
        "current_instance_type": resources["current_instance_type"],
        "distribution_instance_groups": [],
        "framework_module": None,
        "hosts": resources["hosts"],
        "input_config_dir": str(ml_dir / "input" / "config"),
        "input_data_config": channels,
        "input_dir": str(ml_dir / "input"),
        "instance_groups": list(groups),
        "instance_groups_dict": groups,
        "is_hetero": False,
        "log_level": _parse(hyperparameters.get("sagemaker_container_log_level", str(_INFO))),
        "model_dir": str(ml_dir / "model"),
        "module_dir": source,
        "module_name": program.removesuffix(".py"),
        "network_interface_name": resources["network_interface_name"],
        "num_cpus": os.cpu_count(),
        "num_gpus": num_gpus(),
        "num_neurons": 0,
        "output_data_dir": str(ml_dir / "output" / "data"),
        "output_dir": str(ml_dir / "output"),
        "output_intermediate_dir": str(ml_dir / "output" / "intermediate"),
        "resource_config": resources,
        "user_entry_point": program,
    }
    training_env = {
        **shared,
        "additional_framework_parameters": extra,
        "channel_input_dirs": channel_dirs,
        "distribution_hosts": [],
        "hyperparameters": values,
        "is_master": True,
        "is_modelparallel_enabled": None,
        "is_smddpmprun_installed": False,
        "is_smddprun_installed": False,
        "job_name": job_name,
        "master_hostname": resources["hosts"][0],
        "topology": [],
    }
    variables: dict[str, Json] = {
        **shared,
        "channels": sorted(channels),
        "framework_params": extra,
        "hps": values,
        "training_env": training_env,
        "user_args": script_arguments(hyperparameters),
        **{f"channel_{name}": path for name, path in channel_dirs.items()},
        **{f"hp_{name}": value for name, value in values.items()},
    }
    return {f"SM_{name.upper()}": _variable(value) for name, value in variables.items()}


@cache
def num_gpus() -> int:
    """How many GPUs `nvidia-smi` lists; 0 without it."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    listing = subprocess.run(
        [program, "--list-gpus"], capture_output=True, text=True, check=False, timeout=60
    )
    return sum(line.startswith("GPU ") for line in listing.stdout.splitlines())


def _parse(text: str) -> Json:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _argument(value: Json) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return ",".join(f"{key}={item}" for key, item in sorted(value.items()))
    return str(value)


def _variable(value: Json | Sequence[str]) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
