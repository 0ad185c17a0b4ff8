"""Declares Train and Tune: one training job, alone or many times over."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sagemaker.core.parameter import ContinuousParameter
from sagemaker.core.shapes import (
    Channel as TrainingChannel,
)
from sagemaker.core.shapes import (
    CheckpointConfig,
    DataSource,
    MetricDefinition,
    OutputDataConfig,
    S3DataSource,
    StoppingCondition,
)
from sagemaker.core.training.configs import Compute, Networking
from sagemaker.mlops.workflow.steps import TrainingStep, TuningStep
from sagemaker.train.model_trainer import ModelTrainer
from sagemaker.train.tuner import HyperparameterTuner

from steps.bundle import ARCHIVE_NAME
from steps.completed import completed
from steps.job import CACHE, JOB_RETRIES, Context
from steps.site import Site
from steps.train.contract import OBJECTIVE, OBJECTIVE_TYPE, Channel, Metric, metric_pattern

MAX_RUNTIME_SECONDS = 12 * 3600
MAX_WAIT_SECONDS = 24 * 3600
"""Spot capacity may be long in coming; this counts the waiting and the training."""

CHECKPOINT_DIR = "/opt/ml/checkpoints"

TUNED = ("dropout", "learning_rate", "weight_decay")
"""Hyperparameters that Tune searches."""


def tuned_ranges(site: Site) -> dict[str, ContinuousParameter]:
    """The range of each hyperparameter of TUNED.

    Pretrained weights want small steps: large ones would undo them.
    """
    lowest, highest = (0.00001, 0.002) if site.pretrained_weights_uri else (0.0005, 0.02)
    return {
        "dropout": ContinuousParameter(0.0, 0.4, scaling_type="Linear"),
        "learning_rate": ContinuousParameter(lowest, highest, scaling_type="Logarithmic"),
        "weight_decay": ContinuousParameter(0.0001, 0.1, scaling_type="Logarithmic"),
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Splits:
    """S3 prefixes of the splits that training reads."""

    train_uri: object
    validation_uri: object


def train_step(
    context: Context,
    *,
    splits: Splits,
    hyperparameters: Mapping[str, object],
    instance_type: object,
) -> TrainingStep:
    """Train one model; its artifact is the step's `ModelArtifacts.S3ModelArtifacts`.

    Args:
        context: What the pipeline's jobs have in common.
        splits: What to train on.
        hyperparameters: Value of each hyperparameter, as a string or an expression for one.
        instance_type: Instance type of the job.
    """
    trainer = _trainer(context, "train", hyperparameters, instance_type)
    return TrainingStep(
        name="Train",
        description="Train the model and keep its best epoch.",
        step_args=trainer.train(input_data_config=_channels(context, splits)),
        cache_config=CACHE,
        retry_policies=list(JOB_RETRIES),
    )


def tune_step(
    context: Context,
    *,
    splits: Splits,
    hyperparameters: Mapping[str, object],
    instance_type: object,
    max_jobs: object,
    max_parallel_jobs: object,
    random_seed: object,
) -> TuningStep:
    """Search the hyperparameters of TUNED on the validation split.

    Args:
        context: What the pipeline's jobs have in common.
        splits: What to train on.
        hyperparameters: Value of each hyperparameter that is not searched.
        instance_type: Instance type of each trial.
        max_jobs: Trials in all.
        max_parallel_jobs: Trials at a time.
        random_seed: Seed of the search.
    """
    fixed = {name: value for name, value in hyperparameters.items() if name not in TUNED}
    tuner = HyperparameterTuner(
        model_trainer=_trainer(context, "tune", fixed, instance_type),
        objective_metric_name=OBJECTIVE.value,
        objective_type=OBJECTIVE_TYPE,
        hyperparameter_ranges=tuned_ranges(context.site),
        metric_definitions=[{"Name": m.value, "Regex": metric_pattern(m)} for m in Metric],
        strategy="Bayesian",
        early_stopping_type="Auto",
        base_tuning_job_name="tune",
    )
    limits = {"MaxNumberOfTrainingJobs": max_jobs, "MaxParallelTrainingJobs": max_parallel_jobs}
    return _CompleteTuningStep(
        missing={
            "HyperParameterTuningJobConfig": {"RandomSeed": random_seed, "ResourceLimits": limits},
            "TrainingJobDefinition": _tuning_security(context.site),
        },
        name="Tune",
        description="Search for the hyperparameters with the lowest validation loss.",
        step_args=tuner.tune(inputs=_channels(context, splits)),
        cache_config=CACHE,
        retry_policies=list(JOB_RETRIES),
    )


def train_code_digest(context: Context) -> str:
    """Digest of the source bundle that trains."""
    return context.ship_archive("train")[0].digest


class _CompleteTuningStep(TuningStep):  # type: ignore[misc]
    """A tuning step with the fields that the SDK's tuner drops, or takes no parameter for.

    Source: sagemaker-train 1.27.0: HyperparameterTuner._build_training_job_definition copies no
    security field but VpcConfig; _build_tuning_job_config wants plain integers as limits and drops
    a seed of 0.
    """

    def __init__(self, *, missing: Mapping[str, Any], **options: Any) -> None:
        super().__init__(**options)
        self._missing = missing

    @property
    def arguments(self) -> Any:
        """The request, completed."""
        return completed(super().arguments, self._missing)


def _tuning_security(site: Site) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "EnableNetworkIsolation": site.enable_network_isolation,
        "EnableInterContainerTrafficEncryption": site.enable_traffic_encryption,
    }
    if site.volume_kms_key:
        fields["ResourceConfig"] = {"VolumeKmsKeyId": site.volume_kms_key}
    return fields


def _trainer(
    context: Context, name: str, hyperparameters: Mapping[str, object], instance_type: object
) -> ModelTrainer:
    site = context.site
    script_mode = {
        # Unpacked from the channel `code`: an isolated container could not download it.
        "sagemaker_program": "steps/train/script.py",
        "sagemaker_submit_directory": f"/opt/ml/input/data/code/{ARCHIVE_NAME}",
    }
    trainer = ModelTrainer(
        training_image=context.training_image_uri,
        role=site.role_arn,
        base_job_name=f"{site.project}-{name}",
        hyperparameters={**hyperparameters, **script_mode},
        environment={
            "CHECKPOINT_DIR": CHECKPOINT_DIR,
            "CODE_DIGEST": train_code_digest(context),
        },
        compute=Compute(
            instance_type=instance_type,
            instance_count=1,
            volume_size_in_gb=50,
            volume_kms_key_id=site.volume_kms_key or None,
            enable_managed_spot_training=True,
        ),
        networking=Networking(
            subnets=list(site.subnets) or None,
            security_group_ids=list(site.security_group_ids) or None,
            enable_network_isolation=site.enable_network_isolation,
            enable_inter_container_traffic_encryption=site.enable_traffic_encryption,
        ),
        stopping_condition=StoppingCondition(
            max_runtime_in_seconds=MAX_RUNTIME_SECONDS, max_wait_time_in_seconds=MAX_WAIT_SECONDS
        ),
        output_data_config=OutputDataConfig(
            s3_output_path=context.output_uri(name), kms_key_id=site.output_kms_key or None
        ),
        # One place for all executions, because the step cache compares it: a job finds its own
        # checkpoints by their fingerprint. The service copies all of the prefix into every job, so
        # those of other code are kept out of it.
        checkpoint_config=CheckpointConfig(
            s3_uri=site.uri("checkpoints", name, train_code_digest(context)),
            local_path=CHECKPOINT_DIR,
        ),
        sagemaker_session=context.session,
    )
    return trainer.with_metric_definitions(
        [MetricDefinition(name=metric.value, regex=metric_pattern(metric)) for metric in Metric]
    )


def _channels(context: Context, splits: Splits) -> list[TrainingChannel]:
    sources: dict[str, object] = {
        "code": context.ship_archive("train")[1],
        Channel.TRAIN: splits.train_uri,
        Channel.VALIDATION: splits.validation_uri,
    }
    if context.site.pretrained_weights_uri:
        sources[Channel.PRETRAINED] = context.site.pretrained_weights_uri
    return [
        TrainingChannel(
            channel_name=str(name),
            data_source=DataSource(
                s3_data_source=S3DataSource(
                    s3_data_type="S3Prefix",
                    s3_uri=uri,
                    s3_data_distribution_type="FullyReplicated",
                )
            ),
        )
        for name, uri in sources.items()
    ]
