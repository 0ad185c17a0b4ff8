"""What the Python face returns, where that is more than a value of another module.

Each shows itself in a notebook and as text.
"""

import html
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.checks.finding import Finding
from pipelines.definition import Json, load, steps
from pipelines.display import describe, failure, header, last_line, step_rows
from pipelines.execution import Execution, Status, StepExecution, utc_now
from pipelines.local.errors import LocalExecutionError
from pipelines.local.execution import LocalExecution
from pipelines.local.registry import ApprovalStatus, Registry
from pipelines.notebook.messages import in_short
from pipelines.permissions.roles import Permissions, Role
from pipelines.summary import figures, pages
from pipelines.tables import html_table

REGISTER_STEP = "RegisterModel"
_PAGE_PIXELS = 600


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition:
    """The definition of a pipeline: what runs here, and what is upserted."""

    name: str
    """The pipeline's name in the catalogue."""
    text: str
    """JSON."""

    @property
    def document(self) -> dict[str, Json]:
        """The parsed JSON."""
        return load(self.text)

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        document = self.document
        title = (
            f"{self.name}: {len(steps(document))} steps, {len(document['Parameters'])} parameters"
        )
        return _folded(title, self.text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """What the checks found in a definition; true where they found something."""

    name: str
    """The pipeline's name in the catalogue."""
    findings: tuple[Finding, ...]
    num_rules: int

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __str__(self) -> str:
        noun = "finding" if len(self) == 1 else "findings"
        lines = [f"{self.name}:{finding}" for finding in self]
        return "\n".join([*lines, f"{self.name}: {self.num_rules} rules, {len(self)} {noun}"])

    def _repr_html_(self) -> str:
        return _preformatted(str(self))


@dataclass(frozen=True, kw_only=True, slots=True)
class Policies:
    """The least IAM policies for a pipeline, by role."""

    roles: Mapping[Role, Permissions]

    @property
    def document(self) -> dict[str, Json]:
        """All of them for a program."""
        return {str(role): permissions.to_document() for role, permissions in self.roles.items()}

    def __getitem__(self, role: str) -> Permissions:
        return self.roles[Role(role)]

    def __str__(self) -> str:
        return json.dumps(self.document, indent=2)

    def _repr_html_(self) -> str:
        return "".join(
            _folded(role, json.dumps(document, indent=2))
            for role, document in self.document.items()
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A page that a step wrote for a person."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def _repr_html_(self) -> str:
        # A frame of its own: the page's styles are not the notebook's, and its scripts do not run.
        source = html.escape(self.path.read_text(encoding="utf-8"))
        return f'<iframe sandbox srcdoc="{source}" width="100%" height="{_PAGE_PIXELS}"></iframe>'


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelPackage:
    """A registered model, and what was decided about it."""

    name: str
    """`<group>/<version>`."""
    status: str

    def __str__(self) -> str:
        return f"{self.name} {self.status}"

    def _repr_html_(self) -> str:
        return _preformatted(str(self))


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownExecution:
    """An execution that shows its steps."""

    execution: Execution

    @property
    def status(self) -> Status:
        """How it stands or went."""
        return self.execution.status

    def step(self, name: str) -> StepExecution:
        """The step with this name.

        Raises:
            KeyError: There is none.
        """
        return self.execution.step(name)

    def __str__(self) -> str:
        return "\n".join(describe(self.execution, utc_now()))

    def _repr_html_(self) -> str:
        execution, now = self.execution, utc_now()
        rest = "\n".join([*failure(execution), last_line(execution, now)])
        table = html_table(step_rows(execution, now))
        return f"{_preformatted(header(execution))}{table}{_preformatted(rest)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownLocalExecution(ShownExecution):
    """An execution on this machine, with its figures and its pages."""

    execution: LocalExecution
    root: Path
    """Folder of the object store, the executions and the model packages."""

    @property
    def figures(self) -> Mapping[str, str]:
        """What a person wants to know of it, by name."""
        return figures(self.execution, self.root)

    @property
    def pages(self) -> Mapping[str, Page]:
        """The pages that its steps wrote, by title, for example `Report`."""
        return {title: Page(path=path) for title, path in pages(self.execution, self.root).items()}

    def approve(self, note: str = "") -> ModelPackage:
        """Let the model package that it registered be deployed.

        Args:
            note: Why, for those who ask.

        Raises:
            LocalExecutionError: It registered none.
        """
        return self._decide(ApprovalStatus.APPROVED, note)

    def reject(self, note: str = "") -> ModelPackage:
        """Keep the model package that it registered from being deployed.

        Args:
            note: Why, for those who ask.

        Raises:
            LocalExecutionError: It registered none.
        """
        return self._decide(ApprovalStatus.REJECTED, note)

    @in_short()
    def _decide(self, status: ApprovalStatus, note: str) -> ModelPackage:
        registered = {step.name: step for step in self.execution.steps}.get(REGISTER_STEP)
        if registered is None or registered.status is not Status.SUCCEEDED:
            raise LocalExecutionError(
                f"Execution '{self.execution.id}' of pipeline '{self.execution.pipeline}' "
                "registered no model package."
            )
        package = Registry(self.root).set_approval(
            registered.properties["ModelPackageArn"], status, description=note, now=utc_now()
        )
        return ModelPackage(
            name=f"{package['ModelPackageGroupName']}/{package['ModelPackageVersion']}",
            status=status,
        )

    def __str__(self) -> str:
        # A class with slots is made anew by its decorator, which `super()` knows nothing of.
        lines = [ShownExecution.__str__(self)]
        lines += [f"{name:<18}{value}" for name, value in self.figures.items()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [("FIGURE", "VALUE"), *self.figures.items()]
        return f"{ShownExecution._repr_html_(self)}{html_table(rows)}"


def _preformatted(text: str) -> str:
    return f"<pre>{html.escape(text)}</pre>"


def _folded(title: str, text: str) -> str:
    return f"<details><summary>{html.escape(title)}</summary>{_preformatted(text)}</details>"
