"""The rules of `pipelines.checks.references`, each broken by one edit of a sound definition."""

import pytest

from pipelines.checks import references
from tests.unit.pipelines.checks.cases import Case, check_case, rules_of

CASES = [
    Case(
        "misspelt_root",
        "training",
        "/Steps/3/Arguments/RoleArn",
        {"Get": "Parameter.Role"},
        "D020",
        "/Steps/3/Arguments/RoleArn",
        (
            "Step 'Train' refers to 'Parameter.Role', which leads nowhere. Expected "
            "Parameters.<name>, Steps.<name>.<property> or Execution.<variable>."
        ),
    ),
    Case(
        "unknown_execution_variable",
        "training",
        "/Steps/6/Arguments/Execution",
        {"Get": "Execution.PipelineExecutionARN"},
        "D020",
        "/Steps/6/Arguments/Execution",
        (
            "Step 'NotifyFailure' refers to 'Execution.PipelineExecutionARN', which leads "
            "nowhere. Variables of an execution: CurrentDateTime, PipelineArn, "
            "PipelineExecutionArn, PipelineExecutionId, PipelineName, ProcessingJobName, "
            "StartDateTime, TrainingJobName. Did you mean 'PipelineExecutionArn'?"
        ),
    ),
    Case(
        "misspelt_step",
        "training",
        "/Steps/4/Arguments/ProcessingInputs/1/S3Input/S3Uri",
        {"Get": "Steps.Trian.ModelArtifacts.S3ModelArtifacts"},
        "D021",
        "/Steps/4/Arguments/ProcessingInputs/1/S3Input/S3Uri",
        (
            "Step 'Evaluate' refers to step 'Trian', which does not exist. Steps: "
            "CheckQuality, Evaluate, FindApprovedModel, NotifyFailure, Preprocess, "
            "QualityTooLow, RegisterModel, Train, Tune. Did you mean 'Train'?"
        ),
    ),
    Case(
        "renamed_step",
        "training",
        "/Steps/2/Name",
        "Search",
        "D021",
        "/Steps/3/Arguments/HyperParameters/architecture",
        (
            "Step 'Train' refers to step 'Tune', which does not exist. Steps: "
            "CheckQuality, Evaluate, FindApprovedModel, NotifyFailure, Preprocess, "
            "QualityTooLow, RegisterModel, Search, Train. (3 more places in the document.)"
        ),
    ),
    Case(
        "dependency_on_nothing",
        "training",
        "/Steps/3/DependsOn/0",
        "Prepare",
        "D021",
        "/Steps/3/DependsOn/0",
        (
            "Step 'Train' refers to step 'Prepare', which does not exist. Steps: "
            "CheckQuality, Evaluate, FindApprovedModel, NotifyFailure, Preprocess, "
            "QualityTooLow, RegisterModel, Train, Tune. Did you mean 'Preprocess'?"
        ),
    ),
    Case(
        "misspelt_property",
        "training",
        "/Steps/4/Arguments/ProcessingInputs/1/S3Input/S3Uri",
        {"Get": "Steps.Train.ModelArtifact.S3ModelArtifacts"},
        "D022",
        "/Steps/4/Arguments/ProcessingInputs/1/S3Input/S3Uri",
        (
            "Step 'Evaluate' reads 'Steps.Train.ModelArtifact.S3ModelArtifacts', but a "
            "Training step has no property 'ModelArtifact'. Properties: "
            "AlgorithmSpecification, DebugRuleConfigurations, HyperParameters, "
            "LabelingJobArn, LastModifiedTime, MlflowDetails, ModelArtifacts, "
            "ModelPackageConfig, OutputModelPackageArn, RoleArn and 40 more. Did you mean "
            "'ModelArtifacts'?"
        ),
    ),
    Case(
        "member_of_a_string",
        "training",
        "/Steps/4/Arguments/ProcessingInputs/1/S3Input/S3Uri",
        {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts.Uri"},
        "D022",
        "/Steps/4/Arguments/ProcessingInputs/1/S3Input/S3Uri",
        (
            "Step 'Evaluate' reads 'Steps.Train.ModelArtifacts.S3ModelArtifacts.Uri', but "
            "ModelArtifacts.S3ModelArtifacts has no property 'Uri'. Properties: none."
        ),
    ),
    Case(
        "property_of_another_type",
        "training",
        "/Steps/6/Arguments/Job",
        {"Get": "Steps.Train.ProcessingJobArn"},
        "D022",
        "/Steps/6/Arguments/Job",
        (
            "Step 'NotifyFailure' reads 'Steps.Train.ProcessingJobArn', but a Training "
            "step has no property 'ProcessingJobArn'. Properties: AutoMLJobArn, "
            "LabelingJobArn, ProfilerConfig, ProgressInfo, RoleArn, ServerlessJobConfig, "
            "TrainingJobArn, TrainingJobName, TrainingJobStatus, TuningJobArn and 40 more. "
            "Did you mean 'TrainingJobArn'?"
        ),
    ),
    Case(
        "misspelt_output",
        "training",
        "/Steps/4/Arguments/ProcessingInputs/2/S3Input/S3Uri",
        {"Get": "Steps.Preprocess.ProcessingOutputConfig.Outputs['tests'].S3Output.S3Uri"},
        "D023",
        "/Steps/4/Arguments/ProcessingInputs/2/S3Input/S3Uri",
        (
            "Step 'Evaluate' reads output 'tests' of step 'Preprocess', which has outputs: "
            "report, test, train, validation. Did you mean 'test'?"
        ),
    ),
    Case(
        "output_out_of_range",
        "training",
        "/Steps/4/Arguments/ProcessingInputs/2/S3Input/S3Uri",
        {"Get": "Steps.Preprocess.ProcessingOutputConfig.Outputs[4].S3Output.S3Uri"},
        "D023",
        "/Steps/4/Arguments/ProcessingInputs/2/S3Input/S3Uri",
        ("Step 'Evaluate' reads output '4' of step 'Preprocess', which has outputs: 0, 1, 2, 3."),
    ),
    Case(
        "renamed_output",
        "training",
        "/Steps/1/Arguments/ProcessingOutputConfig/Outputs/2/OutputName",
        "holdout",
        "D023",
        "/Steps/4/Arguments/ProcessingInputs/2/S3Input/S3Uri",
        (
            "Step 'Evaluate' reads output 'test' of step 'Preprocess', which has outputs: "
            "holdout, report, train, validation."
        ),
    ),
    Case(
        "unknown_input",
        "training",
        "/Steps/6/Arguments/Job",
        {"Get": "Steps.Evaluate.ProcessingInputs['models'].S3Input.S3Uri"},
        "D023",
        "/Steps/6/Arguments/Job",
        (
            "Step 'NotifyFailure' reads input 'models' of step 'Evaluate', which has "
            "inputs: approved, code, model, test. Did you mean 'model'?"
        ),
    ),
    Case(
        "unknown_channel",
        "training",
        "/Steps/6/Arguments/Job",
        {"Get": "Steps.Train.InputDataConfig['valid'].ChannelName"},
        "D023",
        "/Steps/6/Arguments/Job",
        (
            "Step 'NotifyFailure' reads channel 'valid' of step 'Train', which has "
            "channels: code, train, validation. Did you mean 'validation'?"
        ),
    ),
    Case(
        "unknown_metric",
        "training",
        "/Steps/5/Arguments/Conditions/1/Conditions/2/LeftValue",
        {"Get": "Steps.Train.FinalMetricDataList['macro_f1'].Value"},
        "D023",
        "/Steps/5/Arguments/Conditions/1/Conditions/2/LeftValue",
        (
            "Step 'CheckQuality' reads metric 'macro_f1' of step 'Train', which has "
            "metrics: train_loss, validation_loss, validation_macro_f1."
        ),
    ),
    Case(
        "hyperparameter_that_is_not_tuned",
        "training",
        "/Steps/3/Arguments/HyperParameters/learning_rate",
        {"Get": "Steps.Tune.BestTrainingJob.TunedHyperParameters['weight_decay']"},
        "D023",
        "/Steps/3/Arguments/HyperParameters/learning_rate",
        (
            "Step 'Train' reads tuned hyperparameter 'weight_decay' of step 'Tune', which "
            "has tuned hyperparameters: architecture, batch_size, dropout, learning_rate."
        ),
    ),
    Case(
        "unknown_lambda_output",
        "training",
        "/Steps/4/Arguments/ProcessingInputs/3/S3Input/S3Uri",
        {"Get": "Steps.FindApprovedModel.OutputParameters['ModelURI']"},
        "D023",
        "/Steps/4/Arguments/ProcessingInputs/3/S3Input/S3Uri",
        (
            "Step 'Evaluate' reads output 'ModelURI' of step 'FindApprovedModel', which "
            "has outputs: ModelUri, NumModels. Did you mean 'ModelUri'?"
        ),
    ),
    Case(
        "property_of_a_condition",
        "training",
        "/Steps/6/Arguments/Job",
        {"Get": "Steps.CheckQuality.Outcome"},
        "D024",
        "/Steps/6/Arguments/Job",
        (
            "Step 'NotifyFailure' reads 'Steps.CheckQuality.Outcome', but step "
            "'CheckQuality' is a Condition step, which has no properties. Read a step that "
            "runs a job, or name it in DependsOn."
        ),
    ),
    Case(
        "joined_object",
        "training",
        "/Steps/5/Arguments/ElseSteps/0/Arguments/ErrorMessage",
        {"Std:Join": {"On": "", "Values": ["Model ", {"Get": "Steps.Train.ModelArtifacts"}]}},
        "D025",
        "/Steps/5/Arguments/ElseSteps/0/Arguments/ErrorMessage/Std:Join/Values/1",
        "Step 'QualityTooLow' joins an object into a string; expected a single value.",
    ),
    Case(
        "unknown_hyperparameter",
        "training",
        "/Steps/6/Arguments/Job",
        {"Get": "Steps.Train.HyperParameters['epoch']"},
        "D023",
        "/Steps/6/Arguments/Job",
        (
            "Step 'NotifyFailure' reads hyperparameter 'epoch' of step 'Train', which has "
            "hyperparameters: architecture, batch_size, dropout, epochs, learning_rate, "
            "sagemaker_program, sagemaker_submit_directory, seed. Did you mean 'epochs'?"
        ),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_finds_one_mistake(case: Case) -> None:
    """One edit that breaks a rule gives exactly one finding, with this place and message."""
    check_case(case)


def test_every_rule_is_tried() -> None:
    """Every rule of the module has a bad document."""
    assert {case.rule for case in CASES} == rules_of(references)
