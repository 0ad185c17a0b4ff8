"""Tests of pipelines.diagnosis, on what services and scripts really said.

Source of each wording: the issue named beside it, on github.com, or what PyTorch and Python print.
"""

import pytest

from pipelines.diagnosis import Diagnosis, diagnose

RETRY = "Try again with 'pipelines retry'"
MEND = "Mend the code or the data; 'pipelines run' runs the same job on this machine."

DRIFTED = (
    "Open report.html of CheckDrift and CheckModelQuality. The scheduler, and the rule that "
    "'pipelines upsert' makes, start a retraining by themselves."
)


@pytest.mark.parametrize(
    ("reason", "cause", "advice"),
    [
        pytest.param(
            # Kept output of ListPipelineExecutionSteps in public repositories.
            "ClientError: Failed to invoke sagemaker:CreateProcessingJob. Error Details: The "
            "account-level service limit 'ml.m5.large for processing job usage' is 0 Instances, "
            "with current utilization of 0 Instances and a request delta of 1 Instances. Please "
            "contact AWS support to request an increase for this limit.\nRetry not appropriate",
            "The account's quota 'ml.m5.large for processing job usage' is 0, 0 in use; 1 more "
            "were asked for.",
            "Ask for more in Service Quotas, or choose another instance type; 'pipelines doctor' "
            "compares the quotas with what the pipelines declare.",
            id="quota",
        ),
        pytest.param(
            # data-science-on-aws/data-science-on-aws#200
            "ResourceLimitExceeded: An error occurred (ResourceLimitExceeded) when calling the "
            "CreateTrainingJob operation: The account-level service limit 'Number of instances "
            "across all processing jobs' is 4 Instances, with current utilization of 0 Instances "
            "and a request delta of 11 Instances.",
            "The account's quota 'Number of instances across all processing jobs' is 4, 0 in use; "
            "11 more were asked for.",
            "Ask for more in Service Quotas, or choose another instance type; 'pipelines doctor' "
            "compares the quotas with what the pipelines declare.",
            id="quota of all instances",
        ),
        pytest.param(
            "ResourceLimitExceeded: the limit of the account",
            "A quota of the account is used up.",
            "Ask for more in Service Quotas, or choose another instance type; 'pipelines doctor' "
            "compares the quotas with what the pipelines declare.",
            id="some quota",
        ),
        pytest.param(
            # DIAGNijmegen/rse-grand-challenge#2631
            "CapacityError: Unable to provision requested ML compute capacity. Please retry using "
            "a different ML instance type.",
            "AWS has no free instance of this type in the region at present.",
            "Try again later with 'pipelines retry', or choose another instance type.",
            id="capacity",
        ),
        pytest.param(
            # Kept output of ListPipelineExecutionSteps in public repositories.
            "ClientError: Failed to invoke sagemaker:CreateTrainingJob. Error Details: The "
            "requested resource training-job/ml.t3.medium is not available in this region\nRetry "
            "not appropriate on execution of step",
            "There are no instances of type 'ml.t3.medium' in this region.",
            "Choose another instance type.",
            id="instance type",
        ),
        pytest.param(
            # Values of SecondaryStatus of DescribeTrainingJob, and our own words for them.
            "MaxWaitTimeExceeded: the job was stopped.",
            "No spot instance was free, or kept, until the end of MaxWaitTimeInSeconds.",
            f"{RETRY}, wait longer, or train without spot instances.",
            id="spot wait",
        ),
        pytest.param(
            "Interrupted: Training job interrupted",
            "The spot instance was taken back.",
            f"{RETRY}: training goes on from its last checkpoint.",
            id="spot interruption",
        ),
        pytest.param(
            "MaxRuntimeExceeded: the job ran longer than MaxRuntimeInSeconds, 60 s.",
            "The job was ended at its time limit of 60 s.",
            "Let it do less, use a faster instance type, or raise MaxRuntimeInSeconds in the "
            "declaration.",
            id="time limit here",
        ),
        pytest.param(
            "MaxRuntimeExceeded: Training job runtime exceeded MaxRuntimeInSeconds provided",
            "The job was ended at its time limit.",
            "Let it do less, use a faster instance type, or raise MaxRuntimeInSeconds in the "
            "declaration.",
            id="time limit",
        ),
        pytest.param(
            "2026-11-21T09:00:00.000Z 8e4b Task timed out after 900.10 seconds",
            "The Lambda function was ended at its time limit of 900.10 s.",
            f"{RETRY}; if it happens again, read the function's log for what it waits for.",
            id="function's time limit",
        ),
        pytest.param(
            # aws/sagemaker-python-sdk#57
            "ClientError: Cannot pull algorithm container. Either the image does not exist or its "
            "permissions are incorrect.",
            "The container image does not exist, or may not be pulled.",
            "Compare the image's URI with SITE_TRAINING_IMAGE_URI, SITE_PROCESSING_IMAGE_URI or "
            "SITE_INFERENCE_IMAGE_URI and the region; 'pipelines doctor' looks for the images.",
            id="image",
        ),
        pytest.param(
            # aws/deep-learning-containers#5657
            "ValidationException: The repository of your image 007439368137.dkr.ecr.eu-west-2."
            "amazonaws.com/sagemaker-tritonserver:25.09-py3 does not grant "
            "ecr:GetDownloadUrlForLayer, ecr:BatchGetImage, ecr:BatchCheckLayerAvailability "
            "permission to sagemaker.amazonaws.com service principal.",
            "The container image '007439368137.dkr.ecr.eu-west-2.amazonaws.com/"
            "sagemaker-tritonserver:25.09-py3' does not exist, or may not be pulled.",
            "Compare the image's URI with SITE_TRAINING_IMAGE_URI, SITE_PROCESSING_IMAGE_URI or "
            "SITE_INFERENCE_IMAGE_URI and the region; 'pipelines doctor' looks for the images.",
            id="image that is not granted",
        ),
        pytest.param(
            # awslabs/predictive-maintenance-using-machine-learning#3
            "Could not assume role arn:aws:iam::111122223333:role/PredictiveMaintenance. Please "
            "ensure that the role exists and allows principal 'sagemaker.amazonaws.com' to assume "
            "the role.",
            "SageMaker cannot take on the role of the job: it does not exist, or does not trust "
            "sagemaker.amazonaws.com.",
            "Correct SITE_ROLE_ARN, or the trust of the role; 'pipelines doctor' checks both.",
            id="role that is not there",
        ),
        pytest.param(
            # astronomer/docs#1695
            "ClientError: TrainingHostAgent Initialization failed:InvalidInputException: SageMaker "
            "is unable to perform: sts:AssumeRole on the role. Check if you have a trust "
            "relationship for 'sagemaker.amazonaws.com' to assume the role.",
            "SageMaker cannot take on the role of the job: it does not exist, or does not trust "
            "sagemaker.amazonaws.com.",
            "Correct SITE_ROLE_ARN, or the trust of the role; 'pipelines doctor' checks both.",
            id="role without trust",
        ),
        pytest.param(
            # aws-samples/aws-modern-application-workshop#253
            "AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/MysfitsNotbookRole"
            "/SageMaker is not authorized to perform: sagemaker:CreateTrainingJob on resource: "
            "arn:aws:sagemaker:us-east-1:111122223333:training-job/knn-2021 with an explicit deny",
            "Role 'MysfitsNotbookRole' is not allowed to do sagemaker:CreateTrainingJob on "
            "'training-job/knn-2021'.",
            "Compare the role's policies with those that 'pipelines permissions' prints.",
            id="action of a role",
        ),
        pytest.param(
            # data-science-on-aws/data-science-on-aws#223
            "ClientError: the pipeline execution role does not have sufficient permissions to the "
            "job.",
            "The role of the job is not allowed to do what the step needs.",
            "Compare the role's policies with those that 'pipelines permissions' prints.",
            id="permissions",
        ),
        pytest.param(
            # 4dn-dcic/tibanna#402
            "AccessDeniedException KMS Message: User: arn:aws:sts::111122223333:assumed-role/"
            "tibanna_a/run_task is not authorized to perform: kms:Decrypt on resource: "
            "arn:aws:kms:eu-west-1:111122223333:key/1234 because no resource-based policy allows "
            "the kms:Decrypt action",
            "Role 'tibanna_a' is not allowed to do kms:Decrypt on 'key/1234'.",
            "Let the key's policy and the role's allow it, and see that the key is enabled and in "
            "the site's region; 'pipelines permissions' prints what the role needs.",
            id="key",
        ),
        pytest.param(
            # aceew/aws-lambda-env-vars#7
            "AccessDeniedException: The ciphertext refers to a customer master key that does not "
            "exist, does not exist in this region, or you are not allowed to access.",
            "The role of the job cannot use the KMS key.",
            "Let the key's policy and the role's allow it, and see that the key is enabled and in "
            "the site's region; 'pipelines permissions' prints what the role needs.",
            id="unknown key",
        ),
        pytest.param(
            # aws/amazon-sagemaker-examples#2267
            'No S3 objects found under S3 URL "s3://my-bucket/image-classification/train/" given '
            "in input data source. Please ensure that the bucket exists in the selected region "
            "(us-west-2), that objects exist under that S3 prefix, and that the role has "
            '"s3:ListBucket" permissions on bucket "my-bucket".',
            "There is nothing at 's3://my-bucket/image-classification/train/', or the role cannot "
            "list it.",
            "Put objects there, name another URI with -p, or publish what the pipeline needs with "
            "'pipelines upsert'.",
            id="prefix",
        ),
        pytest.param(
            "ClientError: Data download failed:NoSuchBucket: The specified bucket does not exist",
            "A bucket that the step names does not exist.",
            "Create it, or name another in SITE_BUCKET or in the parameters.",
            id="bucket",
        ),
        pytest.param(
            # nf-core/proteinfold#28
            "An error occurred (NoSuchKey) when calling the GetObject operation: The specified key "
            "does not exist.",
            "An object that the step reads does not exist.",
            "Put it there, or name another; 'pipelines upsert' publishes what the pipeline needs.",
            id="object",
        ),
        pytest.param(
            # aws/amazon-sagemaker-operator-for-k8s#22
            "ClientError: Artifact upload failed:Please ensure that the subnet's route table has a "
            "route to an S3 VPC endpoint or a NAT device, and both the security groups and the "
            "subnet's network ACL allow outbound traffic to S3",
            "The job cannot reach a service from its VPC.",
            "Give the subnets of SITE_SUBNETS an S3 gateway endpoint, and the security groups a "
            "way out.",
            id="network",
        ),
        pytest.param(
            # aws/sagemaker-python-sdk#128
            "ClientError: Data download failed:Insufficient disk space",
            "The disk is full.",
            "Let the step keep less on its disk, or raise VolumeSizeInGB in the declaration.",
            id="disk",
        ),
        pytest.param(
            "AlgorithmError: , exit code: 137",
            "The job was killed, or gave up, for want of memory.",
            "Use smaller batches or fewer workers, or an instance type with more memory.",
            id="memory",
        ),
        pytest.param(
            "AlgorithmError: , exit code: -9",
            "The job was killed, or gave up, for want of memory.",
            "Use smaller batches or fewer workers, or an instance type with more memory.",
            id="memory of this machine",
        ),
        pytest.param(
            # aws/deep-learning-containers#1018
            "ThrottlingException: An error occurred when calling the CreateTrainingJob operation "
            "(reached max retries: 4): Rate exceeded",
            "A service was called too often at the same time.",
            f"{RETRY}.",
            id="throttled",
        ),
        pytest.param(
            # aws/sagemaker-python-sdk#2496
            "InternalServerError: We encountered an internal error. Please try again.",
            "The service failed; it was not the script.",
            f"{RETRY}; if it happens again at the same point, look whether memory or the disk was "
            "full.",
            id="service",
        ),
        pytest.param(
            # Kept remark in a public repository.
            "ClientError: Failed to invoke sagemaker:CreateTrainingJob. Error Details: Cannot use "
            "both 'Pipe' and 'FastFile' TrainingInputMode on the same Training Job.\nRetry not",
            "The service refused CreateTrainingJob: Cannot use both 'Pipe' and 'FastFile' "
            "TrainingInputMode on the same Training Job.",
            "Correct the value in the declaration or in the parameters; 'pipelines check' finds "
            "many such mistakes before anything runs.",
            id="refused",
        ),
        pytest.param(
            "AlgorithmError: ValueError: 3 is not, 4, exit code: 1",
            "The code raised ValueError: 3 is not, 4",
            MEND,
            id="exception of our scripts",
        ),
        pytest.param(
            "Lambda function failed: ValueError: no records",
            "The code raised ValueError: no records",
            MEND,
            id="exception of our functions",
        ),
        pytest.param(
            "Lambda function failed: DriftError: data: label from the baseline, now Interrupted",
            "What the endpoint answers is not what its model was approved with.",
            DRIFTED,
            id="drift, with a word of another cause",
        ),
        pytest.param(
            "AlgorithmError: No images found under /opt/ml/input/raw., exit code: 1",
            "The script found something wrong with what it was given.",
            "Correct the data or the parameter that the reason names, and start again.",
            id="our own words",
        ),
        pytest.param(
            # aws/sagemaker-python-sdk#134
            "AlgorithmError: Exit Code: 139",
            "The program of the container ended with exit code 139.",
            "Read the end of its log: what it says before it ends is the cause.",
            id="exit code",
        ),
        pytest.param(
            # huggingface/notebooks#136
            'AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage "raise '
            "EnvironmentError(msg)",
            "The program of the container ended with exit code 1.",
            "Read the end of its log: what it says before it ends is the cause.",
            id="toolkit",
        ),
    ],
)
def test_known_reasons_are_recognised(reason: str, cause: str, advice: str) -> None:
    """Each wording gets its cause, with the names that matter in it, and what to do next."""
    assert diagnose(reason) == Diagnosis(cause=cause, advice=advice)


@pytest.mark.parametrize(
    "reason",
    [
        # graphstorm's note on SageMaker Pipelines
        "ClientError: Failed to invoke sagemaker:CreateProcessingJob. Error Details: null.",
        "Could not find endpoint 'dogs'.",
        "AlgorithmError: , exit code: 0",
    ],
)
def test_an_unknown_reason_has_no_diagnosis(reason: str) -> None:
    """Where nothing is known, nothing is guessed."""
    assert diagnose(reason) is None


TRACEBACK = """\
INFO steps.train.script: epoch=1
Traceback (most recent call last):
  File "/opt/ml/code/steps/train/script.py", line 12, in <module>
    main()
  File "/opt/ml/code/inference/model.py", line 34, in build
    return torch.nn.Linear(0, n)
           ^^^^^^^^^^^^^^^^^^^^^
  File "/opt/conda/lib/python3.13/site-packages/torch/nn/modules/linear.py", line 106, in __init__
    self.weight = Parameter(torch.empty((out_features, in_features)))
{raised}
2026-11-21 09:00:00,000 sagemaker-training-toolkit ERROR    Reporting training FAILURE
ExecuteUserScriptError:
ExitCode 1"""


def test_a_traceback_names_the_exception_and_our_own_line() -> None:
    """The last line of our code is where a person looks, and not the library's."""
    log = TRACEBACK.format(raised="RuntimeError: shape '[0, 3]' is invalid").splitlines()
    assert diagnose("AlgorithmError: ExecuteUserScriptError:\nExitCode 1", log) == Diagnosis(
        cause=(
            "The script raised RuntimeError: shape '[0, 3]' is invalid "
            "(inference/model.py, line 34, in build)"
        ),
        advice=MEND,
    )


def test_the_last_traceback_counts() -> None:
    """Of exceptions while another one was handled, the last ended the script."""
    first = TRACEBACK.format(raised="KeyError: 'a'")
    text = f"{first}\nDuring handling of the above exception, another exception occurred:\n"
    log = (text + TRACEBACK.format(raised="steps.errors.BadLabel")).splitlines()
    found = diagnose("exit code: 1", log)
    assert found is not None
    assert found.cause == (
        "The script raised steps.errors.BadLabel (inference/model.py, line 34, in build)"
    )


def test_a_traceback_without_our_code_names_its_last_line() -> None:
    """A module that is missing is found by the interpreter alone."""
    log = [
        "Traceback (most recent call last):",
        '  File "<frozen runpy>", line 112, in _get_module_details',
        "ModuleNotFoundError: No module named 'steps'",
    ]
    found = diagnose("exit code: 1", log)
    assert found is not None
    assert found.cause == (
        "The script raised ModuleNotFoundError: No module named 'steps' (<frozen runpy>, line 112, "
        "in _get_module_details)"
    )


def test_a_traceback_that_is_cut_says_nothing() -> None:
    """Without the exception there is nothing to name."""
    cut = ["Traceback (most recent call last):", '  File "steps/a.py", line 1, in <module>']
    assert diagnose("Somehow it failed.", cut) is None


def test_the_log_of_a_function_has_the_exception_before_its_traceback() -> None:
    """Lambda's runtime writes them in this order."""
    log = [
        "[ERROR] ValueError: no records",
        "Traceback (most recent call last):",
        '  File "/var/task/infrastructure/functions/select_window/handler.py", line 40, in handler',
        "    return respond(event)",
        "END RequestId: 8e4b",
    ]
    found = diagnose("The function failed.", log)
    assert found is not None
    assert found.cause == (
        "The script raised ValueError: no records (infrastructure/functions/select_window/"
        "handler.py, line 40, in handler)"
    )


@pytest.mark.parametrize(
    ("raised", "cause"),
    [
        pytest.param(
            "DriftError: data: brightness 0.855 from the baseline (threshold 0.1)",
            "What the endpoint answers is not what its model was approved with.",
            id="drift",
        ),
        pytest.param(
            "ClientError: An error occurred (AccessDenied) when calling the PutObject operation",
            "The role of the job is not allowed to do what the step needs.",
            id="denied",
        ),
    ],
)
def test_known_causes_are_found_before_the_traceback_of_a_function(raised: str, cause: str) -> None:
    """Lambda's log has the exception there."""
    log = [
        "START RequestId: 8e4b",
        f"[ERROR] {raised}",
        "Traceback (most recent call last):",
        '  File "/var/task/infrastructure/functions/judge_window/handler.py", line 43, in handler',
        "    return respond(event)",
    ]
    found = diagnose("The function failed.", log)
    assert found is not None
    assert found.cause == cause


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        pytest.param(
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a "
            "total capacity of 21.99 GiB",
            "The GPU has not enough memory.",
            id="gpu",
        ),
        pytest.param(
            "RuntimeError: DataLoader worker (pid 77) is killed by signal: Killed.",
            "The job was killed, or gave up, for want of memory.",
            id="worker",
        ),
        pytest.param(
            "OSError: [Errno 28] No space left on device",
            "The disk is full.",
            id="disk",
        ),
    ],
)
def test_known_causes_are_found_in_a_traceback(line: str, cause: str) -> None:
    """The reason of such a job says no more than its exit code."""
    found = diagnose("AlgorithmError: , exit code: 1", TRACEBACK.format(raised=line).splitlines())
    assert found is not None
    assert found.cause == cause


def test_what_a_job_survived_is_not_its_cause() -> None:
    """Only the end of a log is looked at."""
    log = ["Rate exceeded, trying again.", *(f"epoch={number}" for number in range(20))]
    found = diagnose("AlgorithmError: , exit code: 2", log)
    assert found is not None
    assert found.cause == "The program of the container ended with exit code 2."
