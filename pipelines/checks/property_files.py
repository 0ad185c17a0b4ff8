"""Rules about property files: the reports that a definition reads values from while it runs."""

from collections.abc import Iterator

from pipelines.checks.analysis import Analysis
from pipelines.checks.document import located
from pipelines.checks.properties import Dead
from pipelines.checks.reports import Unread
from pipelines.checks.rules import Problem, rule
from pipelines.wording import alternatives, quote

_GUIDE_URL = "https://docs.aws.amazon.com/sagemaker/latest/dg/"
_SDK_URL = "https://sagemaker.readthedocs.io/en/stable/"


@rule(
    "D026",
    "Property files that are read are declared",
    f"{_GUIDE_URL}build-and-manage-propertyfile.html",
)
def known_property_files(analysis: Analysis) -> Iterator[Problem]:
    """`Std:JsonGet` reads a property file that its step declares."""
    yield from map(Problem._make, analysis.dead_ends(Dead.PROPERTY_FILE))


@rule(
    "D027",
    "Property files lie in an output of their step",
    f"{_SDK_URL}workflows/pipelines/sagemaker.workflow.pipelines.html#sagemaker.workflow.properties.PropertyFile",
)
def property_file_output(analysis: Analysis) -> Iterator[Problem]:
    """A property file names an output of its step and a path inside it."""
    for step in analysis.of_type("Processing"):
        outputs = located(step).names(
            "Arguments", "ProcessingOutputConfig", "Outputs", key="OutputName"
        )
        for item in located(step).objects("PropertyFiles"):
            name, output, path = (
                item.value.get(key) for key in ("PropertyFileName", "OutputName", "FilePath")
            )
            lead = f"Property file {quote(name)} of step '{step.name}'"
            if output not in outputs:
                known = alternatives(str(output), outputs, "Its outputs")
                yield Problem(
                    f"{item.pointer}/OutputName",
                    f"{lead} lies in output {quote(output)}, which the step does not have. {known}",
                )
            elif not isinstance(path, str) or not path or path.startswith("/") or ".." in path:
                yield Problem(
                    f"{item.pointer}/FilePath",
                    f"{lead} has the path {quote(path)}; expected a path inside the output.",
                )


@rule(
    "D028",
    "Property files are written by the step's script",
    f"{_GUIDE_URL}processing-container-run-scripts.html",
)
def written_property_file(analysis: Analysis) -> Iterator[Problem]:
    """The contract of the step lists the files that its script writes."""
    yield from map(Problem._make, analysis.unreadable(Unread.FILE))


@rule(
    "D029",
    "JSON paths lead to a value of the report",
    f"{_SDK_URL}workflows/pipelines/sagemaker.workflow.pipelines.html#sagemaker.workflow.functions.JsonGet",
)
def known_json_path(analysis: Analysis) -> Iterator[Problem]:
    """The schema of the report, taken from the step's contract, holds the path."""
    yield from map(Problem._make, analysis.unreadable(Unread.PATH))


@rule(
    "D030",
    "Reports that are read have a schema",
    "https://peps.python.org/pep-0589/",
)
def verifiable_report(analysis: Analysis) -> Iterator[Problem]:
    """A path into a report without a schema fails only after the step has run."""
    yield from map(Problem._make, analysis.unreadable(Unread.UNVERIFIABLE))
