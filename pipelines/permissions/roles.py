"""The roles of a project, and the policies of each."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pipelines.definition import Json
from pipelines.permissions.execution import execution_statements
from pipelines.permissions.functions import function_statements
from pipelines.permissions.policy import Statement, documents, trust_policy
from pipelines.permissions.project import project
from pipelines.permissions.publisher import publisher_statements
from pipelines.permissions.traffic import traffic_statements
from pipelines.permissions.triggers import trigger_statements
from pipelines.trigger_requests import trigger_requests
from steps.site import Site


class Role(StrEnum):
    """Who needs permissions."""

    EXECUTION = "execution"
    FUNCTIONS = "functions"
    TRIGGERS = "triggers"
    PUBLISHER = "publisher"
    TRAFFIC = "traffic"


@dataclass(frozen=True, kw_only=True, slots=True)
class Permissions:
    """What one role needs."""

    role: Role
    role_arn: str
    """Empty for people and CIs, who have roles of their own."""
    services: tuple[str, ...]
    """Services that take the role; none for people and CIs."""
    account: str
    statements: tuple[Statement, ...]

    @property
    def policies(self) -> list[dict[str, Json]]:
        """The policies, each within the size that IAM takes."""
        return documents(self.statements)

    def to_document(self) -> dict[str, Json]:
        """The policies, who may take the role, and why wildcards are left."""
        trust: dict[str, Json] = {}
        if self.services:
            trust["RoleArn"] = self.role_arn
            trust["TrustPolicy"] = trust_policy(self.services, self.account)
        return {
            **trust,
            "Policies": self.policies,
            "Wildcards": [
                {
                    "Sid": statement.sid,
                    "Resources": list(statement.wildcards),
                    "Reason": statement.reason,
                }
                for statement in self.statements
                if statement.reason
            ],
        }


def role_permissions(
    site: Site,
    definitions: Mapping[str, Mapping[str, Json]],
    *,
    names: Collection[str],
    parameters: Mapping[str, str],
) -> dict[Role, Permissions]:
    """What each role needs.

    Args:
        site: Where the pipelines are deployed to.
        definitions: Parsed definitions of all pipelines of the catalogue, by name: models that one
            registers are served by others.
        names: The pipelines that are to be allowed.
        parameters: Values of pipeline parameters in place of their defaults.

    Raises:
        DeclarationError: A definition does not say what a step reads, writes or runs.
    """
    whole = project(site, definitions, names=names, parameters=parameters)
    triggers = trigger_requests(site, pipelines=names, approved={})
    found = {
        Role.EXECUTION: (site.role_arn, ("sagemaker",), execution_statements(whole)),
        Role.FUNCTIONS: (site.function_role_arn, ("lambda",), function_statements(whole, triggers)),
        Role.TRIGGERS: (
            site.trigger_role_arn,
            ("events", "scheduler"),
            trigger_statements(site, triggers),
        ),
        Role.PUBLISHER: (
            "",
            (),
            publisher_statements(whole, trigger_requests(site, pipelines=definitions, approved={})),
        ),
        Role.TRAFFIC: ("", (), traffic_statements(whole)),
    }
    return {
        role: Permissions(
            role=role,
            role_arn=arn,
            services=services,
            account=site.account,
            statements=tuple(statements),
        )
        for role, (arn, services, statements) in found.items()
    }
