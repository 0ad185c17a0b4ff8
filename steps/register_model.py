"""Declares RegisterModel: a model package with its baselines and the facts that made it."""

from collections.abc import Mapping

from sagemaker.core.drift_check_baselines import DriftCheckBaselines
from sagemaker.core.model_metrics import MetricsSource, ModelMetrics
from sagemaker.core.model_registry import (
    create_model_package_from_containers,
    get_model_package_args,
)
from sagemaker.core.workflow.functions import Join
from sagemaker.mlops.workflow.model_step import ModelStep

from inference.contract import (
    CODE_DIR,
    CONTENT_TYPES,
    MAX_BODY_BYTES,
    RESPONSE_TYPES,
    SERVING_PROGRAM,
)
from steps.baseline_files import (
    CONSTRAINTS_FILE,
    DATA_QUALITY_DIR,
    MODEL_QUALITY_DIR,
    STATISTICS_FILE,
)
from steps.job import SERVICE_RETRIES, Context
from steps.model_request import recorded_request

INFERENCE_INSTANCE_TYPES = ["ml.c7i.large", "ml.c7i.xlarge", "ml.m5.large", "ml.m5.xlarge"]
TRANSFORM_INSTANCE_TYPES = ["ml.c5.xlarge", "ml.m5.xlarge"]
"""Instances without a GPU: the default image cannot use one."""


def register_model_step(
    context: Context,
    *,
    model_uri: object,
    baseline_uri: object,
    approval_status: object,
    metadata: Mapping[str, object],
) -> ModelStep:
    """Register a model package, pending approval unless the status says otherwise.

    Args:
        context: What the pipeline's jobs have in common.
        model_uri: S3 URI of `model.tar.gz`.
        baseline_uri: S3 prefix of the four baseline files.
        approval_status: Status that the package starts with.
        metadata: Customer metadata: what a later reader needs to make the model again.
    """

    def source(folder: str, file: str) -> MetricsSource:
        return MetricsSource(
            s3_uri=Join(on="/", values=[baseline_uri, folder, file]),
            content_type="application/json",
        )

    baselines = {
        "model_statistics": source(MODEL_QUALITY_DIR, STATISTICS_FILE),
        "model_constraints": source(MODEL_QUALITY_DIR, CONSTRAINTS_FILE),
        "model_data_statistics": source(DATA_QUALITY_DIR, STATISTICS_FILE),
        "model_data_constraints": source(DATA_QUALITY_DIR, CONSTRAINTS_FILE),
    }
    container = {
        "Image": context.inference_image_uri,
        "ModelDataUrl": model_uri,
        "Environment": {
            "SAGEMAKER_PROGRAM": SERVING_PROGRAM,
            "SAGEMAKER_SUBMIT_DIRECTORY": f"/opt/ml/model/{CODE_DIR}",
            # By default TorchServe refuses what is a little larger than an endpoint's requests.
            "TS_MAX_REQUEST_SIZE": str(MAX_BODY_BYTES),
        },
    }
    package = get_model_package_args(
        content_types=list(CONTENT_TYPES),
        response_types=list(RESPONSE_TYPES),
        inference_instances=INFERENCE_INSTANCE_TYPES,
        transform_instances=TRANSFORM_INSTANCE_TYPES,
        model_package_group_name=context.site.model_package_group,
        container_def_list=[container],
        model_metrics=ModelMetrics(**baselines),
        drift_check_baselines=DriftCheckBaselines(**baselines),
        approval_status=approval_status,
        customer_metadata_properties=dict(metadata),
        domain="COMPUTER_VISION",
        task="IMAGE_CLASSIFICATION",
        skip_model_validation="None",
    )
    session = context.session
    return ModelStep(
        name="RegisterModel",
        description="Register the model package with its baselines.",
        step_args=recorded_request(
            session, lambda: create_model_package_from_containers(session, **package)
        ),
        retry_policies=[SERVICE_RETRIES],
    )
