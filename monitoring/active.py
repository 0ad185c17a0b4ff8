"""The record of what is in force for an endpoint: its model package and what that is compared with.

A deployment writes it after its smoke test; monitoring reads it. Standard library only: Lambda
functions import this module too.
"""

from typing import TypedDict


class ActiveBaseline(TypedDict):
    """Content of `active/<endpoint>.json`."""

    endpoint_name: str
    endpoint_config_name: str
    capture_uri: str
    """Where the answers of this deployment are captured: `<variant>/yyyy/mm/dd/hh/` below it. Those
    of other deployments are elsewhere, also of one that failed and was put back."""
    model_package_arn: str
    previous_model_package_arn: str
    """What was in force before; empty for an endpoint's first deployment."""
    pipeline_execution_arn: str
    """The execution that deployed the package."""
    activated_at: str
    """Time of the record, ISO 8601 in UTC."""
    data_statistics_uri: str
    data_constraints_uri: str
    model_statistics_uri: str
    model_constraints_uri: str
    evaluation_uri: str
    """S3 prefix of the evaluation report; empty where the package records none."""
