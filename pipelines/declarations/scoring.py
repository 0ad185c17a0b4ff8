r"""The pipeline `scoring`: an approved model's answers to a folder of images, and what they show.

    FindModelPackage -> CheckApproval -> CreateModel -> Transform -> SummarizeBatch
                                    \-> PackageNotApproved      \-> CheckBatch

Images that the model refuses make Transform fail after all others are answered. The summary and
the check run nevertheless: they say which images these are, and what the others show.
"""

from sagemaker.core.workflow.parameters import Parameter, ParameterInteger, ParameterString
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.step_dependency import StepDependency, TriggerCondition

from pipelines.catalogue import BATCH_PARAMETER, MODEL_PACKAGE_PARAMETER
from steps.check_approval import check_approval_step
from steps.check_batch.step import check_batch_step
from steps.create_model import create_model_step
from steps.find_model_package import LATEST, find_model_package_step
from steps.job import Context
from steps.summarize_batch.step import summarize_batch_step
from steps.transform import NAME as TRANSFORM
from steps.transform import transform_step


def scoring(context: Context) -> Pipeline:
    """Ask an approved model about a folder of images, then count and check its answers."""
    parameters = _parameters(context)
    images_uri = parameters[BATCH_PARAMETER]
    find = find_model_package_step(context, model_package=parameters[MODEL_PACKAGE_PARAMETER])
    package = find.properties.Outputs
    model = create_model_step(context, model_package_arn=package["ModelPackageArn"])
    transform = transform_step(
        context,
        model_name=model.properties.ModelName,
        images_uri=images_uri,
        instance_type=parameters["TransformInstanceType"],
        instance_count=parameters["TransformInstanceCount"],
        max_concurrent_transforms=parameters["MaxConcurrentTransforms"],
        max_payload=parameters["MaxPayloadInMB"],
    )
    # Not a property of the step: reading one would wait for its success.
    answers_uri = context.output_uri(TRANSFORM)
    after = StepDependency(transform, TriggerCondition.ANY)
    summarize = summarize_batch_step(
        context, answers_uri=answers_uri, images_uri=images_uri, after=after
    )
    check = check_batch_step(
        context, answers_uri=answers_uri, baseline_uri=package["BaselineUri"], after=after
    )
    approval = check_approval_step(find, if_approved=[model, transform, summarize, check])
    return Pipeline(
        name=context.pipeline_name,
        parameters=list(parameters.values()),
        steps=[find, approval],
        pipeline_experiment_config=None,
        sagemaker_session=context.session,
    )


def _parameters(context: Context) -> dict[str, Parameter]:
    site = context.site
    declared = [
        ParameterString(MODEL_PACKAGE_PARAMETER, default_value=LATEST),
        ParameterString(BATCH_PARAMETER, default_value=site.uri("batch", "")),
        ParameterString("TransformInstanceType", default_value=site.transform_instance_type),
        ParameterInteger("TransformInstanceCount", default_value=1),
        ParameterInteger("MaxConcurrentTransforms", default_value=4),
        ParameterInteger("MaxPayloadInMB", default_value=6),
    ]
    return {parameter.name: parameter for parameter in declared}
