"""What the Python face returns of a definition; each shows itself in a notebook and as text."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipelines.checks.finding import Finding
from pipelines.definition import Json, load, steps
from pipelines.notebook.markup import folded, preformatted
from pipelines.notebook.messages import NotThereError, in_short
from pipelines.permissions.roles import Permissions, Role
from pipelines.shown import Shown
from pipelines.wording import alternatives


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition(Shown):
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
        return folded(title, self.text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings(Shown):
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
        return preformatted(str(self))


@dataclass(frozen=True, kw_only=True, slots=True)
class Policies(Shown):
    """The least IAM policies for a pipeline, by role."""

    roles: Mapping[Role, Permissions]

    @property
    def document(self) -> dict[str, Json]:
        """All of them for a program."""
        return {str(role): permissions.to_document() for role, permissions in self.roles.items()}

    @in_short()
    def __getitem__(self, role: str) -> Permissions:
        roles = {str(name): permissions for name, permissions in self.roles.items()}
        if role not in roles:
            raise NotThereError(f"There is no role '{role}'. {alternatives(role, roles, 'Roles')}")
        return roles[role]

    def __str__(self) -> str:
        return json.dumps(self.document, indent=2)

    def _repr_html_(self) -> str:
        return "".join(
            folded(role, json.dumps(document, indent=2)) for role, document in self.document.items()
        )
