"""Names of the CloudWatch log groups that the services write to, for what steps run."""

JOBS = {
    "Processing": "ProcessingJobs",
    "Training": "TrainingJobs",
    "Transform": "TransformJobs",
    "Tuning": "TrainingJobs",
}
"""The word for the jobs of a type of step, in names of log groups and namespaces of metrics.

Source: Amazon SageMaker AI Developer Guide, "Log groups and streams that Amazon SageMaker AI sends
to Amazon CloudWatch Logs", https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
"""


def job_group(step_type: str) -> str:
    """Log group of the jobs of a type of step."""
    return f"/aws/sagemaker/{JOBS[step_type]}"


def endpoint_group(name: str) -> str:
    """Log group of an endpoint."""
    return f"/aws/sagemaker/Endpoints/{name}"


def function_group(name: str) -> str:
    """Log group of a Lambda function.

    Source: AWS Lambda Developer Guide, "Sending Lambda function logs to CloudWatch Logs",
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
    """
    return f"/aws/lambda/{name}"
