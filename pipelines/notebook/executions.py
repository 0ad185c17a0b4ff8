"""Executions as a notebook shows them: those of this machine and those of an account."""

import html
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path

from pipelines.account.clients import Clients
from pipelines.account.executions import AccountExecution, Listed, read_execution, watch
from pipelines.account.packages import find_package, set_approval, train_as_approved
from pipelines.account.start import retry, stop
from pipelines.display import (
    PlainDisplay,
    declared_reason,
    describe,
    failure,
    header,
    last_line,
    step_rows,
)
from pipelines.execution import Execution, Status, StepExecution, utc_now
from pipelines.local.errors import choices
from pipelines.local.execution import LocalExecution
from pipelines.local.registry import ApprovalStatus, Registry
from pipelines.notebook.markup import preformatted
from pipelines.notebook.messages import NotRegisteredError, NotThereError, in_short
from pipelines.notebook.named import Named
from pipelines.shown import Shown
from pipelines.summary import figures, page_steps, pages, print_figures
from pipelines.tables import html_table, text_table
from pipelines.wording import alternatives
from steps.site import Site

_REGISTER = "RegisterModel"
"""Member of a step's metadata."""
_PAGE_PIXELS = 600


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Shown):
    """A page that a step wrote for a person."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def _repr_html_(self) -> str:
        # A frame of its own: the page's styles are not the notebook's, and no script runs.
        source = html.escape(self.path.read_text(encoding="utf-8"))
        size = f'width="100%" height="{_PAGE_PIXELS}"'
        return f'<iframe sandbox srcdoc="{source}" {size}></iframe>'


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelPackage(Shown):
    """A registered model, and what was decided about it."""

    name: str
    """`<group>/<version>`."""
    status: ApprovalStatus

    def __str__(self) -> str:
        return f"{self.name} {self.status}"

    def _repr_html_(self) -> str:
        return preformatted(str(self))


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownExecution(Shown, ABC):
    """An execution that shows its steps."""

    execution: Execution

    @property
    def status(self) -> Status:
        """How it stands or went."""
        return self.execution.status

    @in_short()
    def step(self, name: str) -> StepExecution:
        """The step with this name.

        Raises:
            NotThereError: There is none.
        """
        steps = {step.name: step for step in self.execution.steps}
        if name not in steps:
            raise NotThereError(f"There is no step '{name}'. {alternatives(name, steps, 'Steps')}")
        return steps[name]

    def approve(self, note: str = "") -> ModelPackage:
        """Let the model package that it registered be deployed.

        Args:
            note: Why, for those who ask.

        Raises:
            NotRegisteredError: It registered none, or none before it was read.
        """
        return self._decide(ApprovalStatus.APPROVED, note)

    def reject(self, note: str = "") -> ModelPackage:
        """Keep the model package that it registered from being deployed.

        Args:
            note: Why, for those who ask.

        Raises:
            NotRegisteredError: It registered none, or none before it was read.
        """
        return self._decide(ApprovalStatus.REJECTED, note)

    @in_short()
    def _decide(self, status: ApprovalStatus, note: str) -> ModelPackage:
        registered = [
            step.metadata[_REGISTER]["Arn"]
            for step in self.execution.steps
            if step.status is Status.SUCCEEDED and "Arn" in step.metadata.get(_REGISTER, {})
        ]
        if not registered:
            name = f"Execution '{self.execution.id}' of pipeline '{self.execution.pipeline}'"
            raise NotRegisteredError(
                f"{name} had registered no model package when it was read, and was "
                f"{self.status}; decide on what 'wait()' or 'refresh()' returns."
                if self.status.is_under_way
                else f"{name} registered no model package; there is nothing to decide on."
            )
        return ModelPackage(name=self._set_approval(registered[0], status, note), status=status)

    @abstractmethod
    def _set_approval(self, arn: str, status: ApprovalStatus, note: str) -> str:
        """Decide on a model package, and return its name."""

    def __str__(self) -> str:
        return "\n".join(describe(self.execution, utc_now()))

    def _repr_html_(self) -> str:
        execution, now = self.execution, utc_now()
        rest = "\n".join([*failure(execution), last_line(execution, now)])
        steps = html_table(step_rows(execution, now))
        return f"{preformatted(header(execution))}{steps}{preformatted(rest)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownLocalExecution(ShownExecution):
    """An execution on this machine, with its figures and its pages."""

    execution: LocalExecution
    root: Path
    """Folder of the object store, the executions and the model packages."""

    @property
    def figures(self) -> Mapping[str, str]:
        """What a person wants to know of it, by name, as far as it came."""
        found = figures(self.execution, self.root)

        def why(name: str) -> str:
            return (
                f"There is no figure '{name}'. {alternatives(name, found, 'Figures')}"
                f"{self._failure}"
            )

        return Named(found, why=why)

    @property
    def pages(self) -> Mapping[str, Page]:
        """The pages that its steps wrote, by title, for example `Report`."""
        found = pages(self.execution, self.root)

        def why(title: str) -> str:
            step = page_steps(self.execution).get(title)
            if step is None:
                others = alternatives(title, found, "Pages")
                return f"There is no page '{title}'. {others}{self._failure}"
            return (
                f"There is no page '{title}': step '{step.name}', which writes it, is "
                f"{step.status}. Pages: {choices(list(found))}.{self._failure}"
            )

        return Named({title: Page(path=path) for title, path in found.items()}, why=why)

    @property
    def _failure(self) -> str:
        """A sentence about an execution that did not come to its end, with a space before it."""
        execution = self.execution
        reason = declared_reason(execution.steps) or execution.failure_reason
        return f" The execution is {execution.status}: {reason}" if reason else ""

    def _set_approval(self, arn: str, status: ApprovalStatus, note: str) -> str:
        package = Registry(self.root).set_approval(arn, status, description=note, now=utc_now())
        return f"{package['ModelPackageGroupName']}/{package['ModelPackageVersion']}"

    # `super()` does not know a class with slots, which its decorator makes anew.

    def __str__(self) -> str:
        stream = StringIO()
        print_figures(self.execution, self.root, stream)
        return f"{ShownExecution.__str__(self)}\n{stream.getvalue()}".rstrip()

    def _repr_html_(self) -> str:
        found = self.figures
        table = html_table([("FIGURE", "VALUE"), *found.items()]) if found else ""
        return f"{ShownExecution._repr_html_(self)}{table}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownAccountExecution(ShownExecution):
    """An execution in an account, as it was when it was read."""

    execution: AccountExecution
    site: Site
    clients: Clients = field(repr=False)

    @in_short()
    def refresh(self) -> "ShownAccountExecution":
        """Read it again.

        Raises:
            AccountError: It cannot be read.
        """
        return replace(self, execution=read_execution(self.execution.arn, self.site, self.clients))

    @in_short()
    def wait(self) -> "ShownAccountExecution":
        """Wait for its end; each step that ends is printed. Who interrupts this does not stop it.

        Raises:
            AccountError: It cannot be read.
        """
        display = PlainDisplay(sys.stdout)
        return replace(self, execution=watch(self.execution.arn, self.site, self.clients, display))

    @in_short()
    def stop(self) -> "ShownAccountExecution":
        """Stop it, and its jobs, which takes a while: `wait` shows its end.

        Raises:
            AccountError: It has ended, or the account refuses.
        """
        stop(self.execution.arn, self.clients)
        return self.refresh()

    @in_short()
    def retry(self) -> "ShownAccountExecution":
        """Let it go on where it failed or was stopped, with the definition that it started with.

        What was upserted since, such as mended code, is not in it: `pipeline.start(first=STEP)`
        runs that on its results.

        Raises:
            AccountError: It has neither failed nor been stopped, or the account refuses.
        """
        retry(self.execution.arn, self.clients)
        return self.refresh()

    def _set_approval(self, arn: str, status: ApprovalStatus, note: str) -> str:
        package = find_package(arn, self.site, self.clients)
        set_approval(package, status, self.clients, note=note)
        for change in train_as_approved(self.site, self.clients):
            print(change)
        return package.name


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownExecutions(Shown):
    """Executions in an account, newest first."""

    executions: tuple[Listed, ...]

    def __len__(self) -> int:
        return len(self.executions)

    def __iter__(self) -> Iterator[Listed]:
        return iter(self.executions)

    def __getitem__(self, index: int) -> Listed:
        return self.executions[index]

    def __str__(self) -> str:
        return "\n".join(text_table(self._rows()))

    def _repr_html_(self) -> str:
        return html_table(self._rows())

    def _rows(self) -> list[tuple[str, ...]]:
        rows = [
            (
                item.id,
                str(item.status),
                f"{item.started:%Y-%m-%d %H:%M:%S}",
                item.display_name,
                " ".join(item.failure_reason.split()),
            )
            for item in self.executions
        ]
        return [("EXECUTION", "STATUS", "STARTED (UTC)", "NAME", "REASON"), *rows]
