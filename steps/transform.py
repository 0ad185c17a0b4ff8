"""Declares Transform: a model's answers to a folder of images."""

from typing import Any

from sagemaker.core.transformer import Transformer
from sagemaker.mlops.workflow.steps import TransformStep

from inference.contract import IMAGE_CONTENT_TYPES, RESPONSE_TYPES
from steps.completed import completed
from steps.job import JOB_RETRIES, Context

NAME = "transform"
"""Folder of the answers below the execution's outputs."""

CLIENT = {"InvocationsTimeoutInSeconds": 60, "InvocationsMaxRetries": 3}


def transform_step(
    context: Context,
    *,
    model_name: object,
    images_uri: object,
    instance_type: object,
    instance_count: object,
    max_concurrent_transforms: object,
    max_payload: object,
) -> TransformStep:
    """Send every image to the model, one object in one request; the answers are `<key>.out`.

    An image that the model refuses has no answer, and makes the job fail after all others.

    Args:
        context: What the pipeline's jobs have in common.
        model_name: Model to ask.
        images_uri: S3 prefix of the images.
        instance_type: Instance type of the job.
        instance_count: Instances that share the images.
        max_concurrent_transforms: Requests to one instance at a time.
        max_payload: Largest image in MB; times the requests at a time, at most 100.
    """
    site = context.site
    transformer = Transformer(
        model_name=model_name,
        instance_type=instance_type,
        instance_count=1,  # Completed below.
        max_concurrent_transforms=max_concurrent_transforms,
        max_payload=max_payload,
        accept=RESPONSE_TYPES[0],
        output_path=context.output_uri(NAME),
        output_kms_key=site.output_kms_key or None,
        volume_kms_key=site.volume_kms_key or None,
        sagemaker_session=context.session,
    )
    return _CompleteTransformStep(
        instance_count=instance_count,
        name="Transform",
        description="Ask the model about every image.",
        step_args=transformer.transform(
            data=images_uri,
            # Any format: the handler sees it from the content.
            content_type=IMAGE_CONTENT_TYPES[0],
            split_type="None",
            model_client_config=CLIENT,
        ),
        retry_policies=list(JOB_RETRIES),
    )


class _CompleteTransformStep(TransformStep):  # type: ignore[misc]
    """A transform step whose number of instances may be a parameter.

    Source: sagemaker-core 2.27.0, Transformer._get_transform_request: its TransformResources want a
    plain integer.
    """

    def __init__(self, *, instance_count: object, **options: Any) -> None:
        super().__init__(**options)
        self._instance_count = instance_count

    @property
    def arguments(self) -> Any:
        """The request, completed."""
        count = {"InstanceCount": self._instance_count}
        return completed(super().arguments, {"TransformResources": count})
