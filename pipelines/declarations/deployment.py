r"""The pipeline `deployment`: from an approved model package to an endpoint that is watched.

FindModelPackage -> CheckApproval -> CreateModel -> CreateEndpointConfig -> CreateEndpoint
                                \-> PackageNotApproved                          |
     RestoreAfterSmokeTest -> SmokeTestFailed  <------ when it fails ------ SmokeTest
                                                                                |
     RestoreAfterActivation -> ActivationFailed <----- when it fails -- ActivateBaseline
                                                                                |
                                                                      ConfigureAutoscaling
"""

from sagemaker.core.workflow.parameters import (
    Parameter,
    ParameterFloat,
    ParameterInteger,
    ParameterString,
)
from sagemaker.mlops.workflow.pipeline import Pipeline

from pipelines.catalogue import MODEL_PACKAGE_PARAMETER
from steps.activate_baseline import activate_baseline_step
from steps.check_approval import check_approval_step
from steps.configure_autoscaling import configure_autoscaling_step
from steps.create_model import create_model_step
from steps.endpoint import capture_uri, create_endpoint_config_step, create_endpoint_step
from steps.find_model_package import LATEST, find_model_package_step
from steps.job import Context
from steps.restore_previous import restore_previous_steps
from steps.smoke_test import smoke_test_step


def deployment(context: Context) -> Pipeline:
    """Deploy an approved model package, test it, and record what is in force."""
    parameters = _parameters(context)
    endpoint_name = parameters["EndpointName"]
    find = find_model_package_step(
        context, model_package=parameters[MODEL_PACKAGE_PARAMETER], endpoint_name=endpoint_name
    )
    package = find.properties.Outputs
    model = create_model_step(context, model_package_arn=package["ModelPackageArn"])
    config = create_endpoint_config_step(
        context,
        endpoint_name=endpoint_name,
        model_name=model.properties.ModelName,
        instance_type=parameters["EndpointInstanceType"],
        instance_count=parameters["EndpointInstanceCount"],
        variant_weight=parameters["VariantWeight"],
        capture_percentage=parameters["CapturePercentage"],
        capture_mode=parameters["CaptureMode"],
    )
    config_name = config.properties.EndpointConfigName
    endpoint = create_endpoint_step(
        context, endpoint_name=endpoint_name, endpoint_config_name=config_name
    )
    smoke_test = smoke_test_step(
        context,
        endpoint=endpoint,
        endpoint_name=endpoint_name,
        samples_uri=package["SamplesUri"],
    )
    activate = activate_baseline_step(
        context,
        smoke_test=smoke_test,
        find=find,
        endpoint_name=endpoint_name,
        endpoint_config_name=config_name,
        capture_uri=capture_uri(context, endpoint_name),
    )
    autoscaling = configure_autoscaling_step(
        context,
        activate=activate,
        endpoint_name=endpoint_name,
        min_instance_count=parameters["EndpointInstanceCount"],
        max_instance_count=parameters["MaxInstanceCount"],
    )
    ways_back = [
        step
        for failed, restore_name, end_name, reason in (
            (
                smoke_test,
                "RestoreAfterSmokeTest",
                "SmokeTestFailed",
                "The endpoint does not answer as the model did when it was evaluated.",
            ),
            (
                activate,
                "RestoreAfterActivation",
                "ActivationFailed",
                "The baseline of the new model could not be put in force.",
            ),
        )
        for step in restore_previous_steps(
            context,
            failed=failed,
            restore_name=restore_name,
            end_name=end_name,
            reason=reason,
            endpoint_name=endpoint_name,
            endpoint_config_name=config_name,
            previous_endpoint_config_name=package["PreviousEndpointConfigName"],
        )
    ]
    deploy = [model, config, endpoint, smoke_test, activate, autoscaling, *ways_back]
    return Pipeline(
        name=context.pipeline_name,
        parameters=list(parameters.values()),
        steps=[find, check_approval_step(find, if_approved=deploy)],
        pipeline_experiment_config=None,
        sagemaker_session=context.session,
    )


def _parameters(context: Context) -> dict[str, Parameter]:
    site = context.site
    declared = [
        ParameterString(MODEL_PACKAGE_PARAMETER, default_value=LATEST),
        ParameterString("EndpointName", default_value=site.project),
        ParameterString("EndpointInstanceType", default_value=site.endpoint_instance_type),
        ParameterInteger("EndpointInstanceCount", default_value=site.endpoint_instance_count),
        ParameterInteger("MaxInstanceCount", default_value=site.max_instance_count),
        ParameterFloat("VariantWeight", default_value=1.0),
        ParameterInteger("CapturePercentage", default_value=site.capture_percentage),
        # Images may show people: they are captured only where somebody asks for it.
        ParameterString(
            "CaptureMode", default_value="Output", enum_values=["Output", "InputAndOutput"]
        ),
    ]
    return {parameter.name: parameter for parameter in declared}
