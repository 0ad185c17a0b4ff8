"""Finds what is wrong with a pipeline definition before anything runs.

`check(definition)` applies the rules `D001` and on to the definition's JSON. Nothing here imports
the SDK, asks the network or needs credentials: the truth about requests is the service model that
botocore ships.
"""

from collections.abc import Mapping

from pipelines.checks import (
    arguments,
    conditions,
    endings,
    endpoints,
    graph,
    jobs,
    limits,
    names,
    parameters,
    policies,
    property_files,
    references,
    scripts,
    sources,
    structure,
    transforms,
    tuning,
)
from pipelines.checks.analysis import Analysis
from pipelines.checks.finding import Finding
from pipelines.checks.rules import Rule
from pipelines.definition import DefinitionError, Json

__all__ = ["RULES", "Finding", "Rule", "check", "refuse_mistakes"]

_THEMES = (
    structure,
    parameters,
    names,
    references,
    property_files,
    graph,
    arguments,
    jobs,
    transforms,
    tuning,
    sources,
    scripts,
    policies,
    endpoints,
    conditions,
    endings,
    limits,
)

RULES: tuple[Rule, ...] = tuple(
    value for theme in _THEMES for value in vars(theme).values() if isinstance(value, Rule)
)
"""Every rule, in the order in which they are applied."""


def check(definition: Mapping[str, Json]) -> list[Finding]:
    """Everything that is wrong with a definition, one finding per mistake.

    Args:
        definition: The parsed JSON, from the SDK or from a file.

    Returns:
        Findings in the order of the rules; none for a sound definition. Where the document cannot
        be read as a definition at all, only what makes it so.
    """
    analysis = Analysis(definition)
    findings: list[Finding] = []
    for rule in RULES:
        findings += rule.findings(analysis)
        if findings and rule.is_gate:
            break
    return findings


def refuse_mistakes(definitions: Mapping[str, Mapping[str, Json]]) -> None:
    """Check definitions before anything is done with them.

    Args:
        definitions: Parsed definitions by the pipeline's name.

    Raises:
        DefinitionError: Something is wrong with them; what is wrong with any is said at once.
    """
    found = {name: check(definition) for name, definition in definitions.items()}
    mistakes = {name: list(map(str, findings)) for name, findings in found.items() if findings}
    if mistakes:
        raise DefinitionError(mistakes)
