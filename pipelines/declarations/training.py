r"""The pipelines `training` and `retraining`: from a folder of images to a registered model.

    FindApprovedModel ---------------------------+
    Preprocess -> [Tune ->] Train -> Evaluate <--+ -> CheckQuality -> RegisterModel
                                                                  \-> QualityTooLow

`training` searches hyperparameters and trains with the best. `retraining` takes them as parameters,
so that a schedule can pass those of the approved package, and never caches Preprocess, so that it
sees new images.
"""

from dataclasses import fields

from sagemaker.core.workflow.conditions import (
    ConditionGreaterThanOrEqualTo,
    ConditionLessThanOrEqualTo,
)
from sagemaker.core.workflow.parameters import (
    Parameter,
    ParameterFloat,
    ParameterInteger,
    ParameterString,
)
from sagemaker.mlops.workflow.pipeline import Pipeline

from inference.contract import ARCHITECTURES
from inference.package import HYPERPARAMETER_PREFIX, Metadata, parameter_name
from pipelines.catalogue import RAW_DATA_PARAMETER
from steps.check_quality import check_quality_step
from steps.evaluate.contract import Output as EvaluateOutput
from steps.evaluate.step import Evaluate, evaluate_step
from steps.find_approved_model import find_approved_model_step
from steps.job import Context
from steps.preprocess.contract import Output as PreprocessOutput
from steps.preprocess.step import preprocess_step
from steps.quality_too_low import quality_too_low_step
from steps.register_model import register_model_step
from steps.train.contract import Hyperparameters
from steps.train.step import TUNED, Splits, train_code_digest, train_step, tune_step


def training(context: Context) -> Pipeline:
    """Search hyperparameters, train with the best at full budget, evaluate and register."""
    return _build(context, is_tuned=True)


def retraining(context: Context) -> Pipeline:
    """Train on new data with known hyperparameters, evaluate and register."""
    return _build(context, is_tuned=False)


def _build(context: Context, *, is_tuned: bool) -> Pipeline:
    parameters = _parameters(context)
    hyperparameters = _hyperparameter_parameters(omitted=set(TUNED) if is_tuned else set())
    values: dict[str, object] = {
        name: parameter if isinstance(parameter, ParameterString) else parameter.to_string()
        for name, parameter in hyperparameters.items()
    }

    approved = find_approved_model_step(context)
    preprocess = preprocess_step(
        context,
        raw_data_uri=parameters[RAW_DATA_PARAMETER],
        image_size=parameters["ImageSize"].to_string(),
        instance_type=parameters["PreprocessInstanceType"],
        instance_count=parameters["PreprocessInstanceCount"],
        is_cached=is_tuned,
    )
    outputs = preprocess.properties.ProcessingOutputConfig.Outputs
    splits = Splits(
        train_uri=outputs[PreprocessOutput.TRAIN].S3Output.S3Uri,
        validation_uri=outputs[PreprocessOutput.VALIDATION].S3Output.S3Uri,
    )

    steps = [approved, preprocess]
    if is_tuned:
        budget = _tuning_parameters()
        tune = tune_step(
            context,
            splits=splits,
            hyperparameters={**values, "epochs": budget["TuningEpochs"].to_string()},
            instance_type=parameters["TrainInstanceType"],
            max_jobs=budget["MaxTuningJobs"],
            max_parallel_jobs=budget["MaxParallelTuningJobs"],
            random_seed=hyperparameters["seed"],
        )
        tuned = tune.properties.BestTrainingJob.TunedHyperParameters
        values.update({name: tuned[name] for name in TUNED})
        parameters.update(budget)
        steps.append(tune)
    train = train_step(
        context,
        splits=splits,
        hyperparameters=values,
        instance_type=parameters["TrainInstanceType"],
    )
    model_uri = train.properties.ModelArtifacts.S3ModelArtifacts
    evaluate = evaluate_step(
        context,
        model_uri=model_uri,
        test_uri=outputs[PreprocessOutput.TEST].S3Output.S3Uri,
        approved_model_uri=approved.properties.Outputs["ModelUri"],
        instance_type=parameters["EvaluateInstanceType"],
    )
    register = register_model_step(
        context,
        model_uri=model_uri,
        baseline_uri=evaluate.output_uri(EvaluateOutput.BASELINE),
        approval_status=parameters["ModelApprovalStatus"],
        metadata=_metadata(context, evaluate, parameters, values),
    )
    steps += [train, evaluate.step, _gate(evaluate, parameters, register)]
    return Pipeline(
        name=context.pipeline_name,
        parameters=[*parameters.values(), *hyperparameters.values()],
        steps=steps,
        pipeline_experiment_config=None,
        sagemaker_session=context.session,
    )


def _parameters(context: Context) -> dict[str, Parameter]:
    site = context.site
    declared = [
        ParameterString(RAW_DATA_PARAMETER, default_value=site.uri("raw", "")),
        ParameterInteger("ImageSize", default_value=32),
        ParameterString("PreprocessInstanceType", default_value=site.processing_instance_type),
        ParameterInteger("PreprocessInstanceCount", default_value=1),
        ParameterString("TrainInstanceType", default_value=site.train_instance_type),
        ParameterString("EvaluateInstanceType", default_value=site.processing_instance_type),
        ParameterFloat("AccuracyThreshold", default_value=0.9),
        ParameterFloat("MacroF1Threshold", default_value=0.85),
        ParameterFloat("CalibrationErrorThreshold", default_value=0.15),
        ParameterFloat("AccuracyChangeThreshold", default_value=-0.01),
        ParameterString(
            "ModelApprovalStatus",
            default_value="Approved" if site.enable_automatic_approval else "PendingManualApproval",
            enum_values=["Approved", "PendingManualApproval", "Rejected"],
        ),
    ]
    return {parameter.name: parameter for parameter in declared}


def _tuning_parameters() -> dict[str, Parameter]:
    declared = [
        ParameterInteger("TuningEpochs", default_value=6),
        ParameterInteger("MaxTuningJobs", default_value=4),
        ParameterInteger("MaxParallelTuningJobs", default_value=2),
    ]
    return {parameter.name: parameter for parameter in declared}


def _hyperparameter_parameters(omitted: set[str]) -> dict[str, Parameter]:
    """A pipeline parameter for each hyperparameter: `learning_rate` becomes `LearningRate`."""
    enums = {"architecture": list(ARCHITECTURES), "horizontal_flip": ["False", "True"]}
    parameters: dict[str, Parameter] = {}
    for hyperparameter in fields(Hyperparameters):
        name = hyperparameter.name
        if name in omitted:
            continue
        title = parameter_name(name)
        default = hyperparameter.default
        if name in enums:
            parameters[name] = ParameterString(
                title, default_value=str(default), enum_values=enums[name]
            )
        elif hyperparameter.type is int:
            parameters[name] = ParameterInteger(title, default_value=default)
        else:
            parameters[name] = ParameterFloat(title, default_value=default)
    return parameters


def _gate(evaluate: Evaluate, parameters: dict[str, Parameter], register: object) -> object:
    """Every figure of the report that decides, its direction and the parameter that bounds it."""
    at_least, at_most = ConditionGreaterThanOrEqualTo, ConditionLessThanOrEqualTo
    rules = (
        ("accuracy", "metrics.accuracy.value", at_least, "AccuracyThreshold"),
        ("macro F1", "metrics.macro_f1.value", at_least, "MacroF1Threshold"),
        (
            "calibration error",
            "metrics.expected_calibration_error.value",
            at_most,
            "CalibrationErrorThreshold",
        ),
        (
            "change of accuracy",
            "comparison.accuracy_change.value",
            at_least,
            "AccuracyChangeThreshold",
        ),
    )
    failed = quality_too_low_step(
        {name: (evaluate.report(path), parameters[threshold]) for name, path, _, threshold in rules}
    )
    return check_quality_step(
        [
            condition(left=evaluate.report(path), right=parameters[threshold])
            for _, path, condition, threshold in rules
        ],
        if_passed=[register],
        if_failed=[failed],
    )


def _metadata(
    context: Context,
    evaluate: Evaluate,
    parameters: dict[str, Parameter],
    hyperparameters: dict[str, object],
) -> dict[str, object]:
    """What a later reader needs to make the model again, as the package's customer metadata."""
    site = context.site
    optional = {
        "git_revision": site.git_revision,
        "pretrained_weights_uri": site.pretrained_weights_uri,
    }
    return {
        "code_digest": train_code_digest(context),
        "data_digest": evaluate.report("data_digest"),
        Metadata.BASELINE_URI: evaluate.output_uri(EvaluateOutput.BASELINE),
        Metadata.EVALUATION_URI: evaluate.output_uri(EvaluateOutput.EVALUATION),
        Metadata.SAMPLES_URI: evaluate.output_uri(EvaluateOutput.SAMPLES),
        "image_size": parameters["ImageSize"].to_string(),
        "preprocess_code_digest": context.bundles["preprocess"].digest,
        Metadata.IMAGE_SIZE: parameters["ImageSize"].to_string(),
        Metadata.RAW_DATA_URI: parameters[RAW_DATA_PARAMETER],
        **{f"{HYPERPARAMETER_PREFIX}{name}": value for name, value in hyperparameters.items()},
        **{name: value for name, value in optional.items() if value},
    }
