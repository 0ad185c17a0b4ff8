"""A Lambda function as it is published: its code, how it runs, and an alias that names both.

A version is published for each change of code or configuration, with an alias `code-<digest>` that
never moves. A step or rule names the alias, so that a new function is there before anything calls
it, and executions that have started go on with the one they began with.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steps.bundle import ROOT, Bundle, function_bundle
from steps.site import Site

RUNTIME = "python3.13"
TIMEOUT_SECONDS = 600
"""As long as a Lambda step waits for its function; Lambda itself would allow 900 s.

Source: SageMaker Python SDK, issue 3236, https://github.com/aws/sagemaker-python-sdk/issues/3236
"""
MEMORY_MB = 512
ALIAS_PREFIX = "code-"
NUM_DIGITS = 12
"""Hexadecimal digits of the digest in an alias."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Function:
    """A Lambda function with one version of its code and configuration."""

    name: str
    """Name in the account: `<project>-<folder>`."""
    code: Bundle
    role_arn: str
    """Role that it runs under."""
    unqualified_arn: str
    """ARN without an alias."""
    reserved_concurrency: int | None = None
    """Number of executions at the same time; None: whatever the account allows."""
    rules_arn: str = ""
    """ARN, or a pattern of it, of the EventBridge rules that may call it; empty: none."""

    @property
    def configuration(self) -> dict[str, Any]:
        """What CreateFunction and UpdateFunctionConfiguration are to be asked for."""
        return {
            "Handler": f"infrastructure.functions.{self.code.name}.handler.handler",
            "MemorySize": MEMORY_MB,
            "Role": self.role_arn,
            "Runtime": RUNTIME,
            "Timeout": TIMEOUT_SECONDS,
        }

    @property
    def digest(self) -> str:
        """The first digits of the SHA-256 over code, configuration and permissions."""
        whole = {
            "Code": self.code.digest,
            "Configuration": self.configuration,
            "ReservedConcurrency": self.reserved_concurrency,
            "Rules": self.rules_arn,
        }
        text = json.dumps(whole, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:NUM_DIGITS]

    @property
    def alias(self) -> str:
        """Name of the alias."""
        return f"{ALIAS_PREFIX}{self.digest}"

    @property
    def arn(self) -> str:
        """ARN of the alias, which steps and rules name."""
        return f"{self.unqualified_arn}:{self.alias}"


def lambda_function(
    folder: str,
    site: Site,
    *,
    reserved_concurrency: int | None = None,
    rules_arn: str = "",
    root: Path = ROOT,
) -> Function:
    """The function whose source is `infrastructure/functions/<folder>/handler.py`.

    Args:
        folder: Its folder.
        site: Where it is deployed to.
        reserved_concurrency: Number of executions at the same time; None: not limited.
        rules_arn: The EventBridge rules that may call it; empty: none.
        root: Folder that holds the first-party packages.

    Raises:
        BundleError: There is no such source, or it imports what Lambda does not promise.
    """
    return Function(
        name=site.function_name(folder),
        code=function_bundle(folder, root),
        role_arn=site.function_role_arn,
        unqualified_arn=site.function_arn(folder),
        reserved_concurrency=reserved_concurrency,
        rules_arn=rules_arn,
    )
