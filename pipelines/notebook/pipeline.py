"""A pipeline to check, plan, publish, start and run from Python: each method is one command.

Everything heavy is imported by the method that needs it, as the commands do.
"""

import html
import os
import sys
import warnings
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.catalogue import CATALOGUE, no_pipeline
from pipelines.local import DEFAULT_ROOT
from pipelines.notebook.messages import in_short
from pipelines.shown import Shown
from pipelines.tables import html_table, text_table
from steps.errors import DeclarationError
from steps.site import Site

if TYPE_CHECKING:
    from pipelines.account.clients import Clients
    from pipelines.account.deployed import State
    from pipelines.compile import Compiled
    from pipelines.cost import Estimate
    from pipelines.definition import Json
    from pipelines.graph import Graph
    from pipelines.notebook.executions import (
        ShownAccountExecution,
        ShownExecutions,
        ShownLocalExecution,
    )
    from pipelines.notebook.results import Definition, Findings, Policies
    from pipelines.plan import Plan

NUM_EXECUTIONS = 20


class Pipeline(Shown):
    """A pipeline of the catalogue, for one site.

    It is compiled once, when something first asks for its definition: make another one to see
    changes of the source. Printed, it lists the pipeline parameters, which `run`, `start`, `cost`
    and `permissions` take by their names: `pipeline.run(images="my-images", Epochs=5)`.
    """

    def __init__(self, name: str, site: Site | str | None = None) -> None:
        """Take a pipeline.

        Args:
            name: Its name in the catalogue.
            site: Where it is deployed to: a site, or the name of one of `site.toml`, such as
                `prod`; None: the one that the environment variable `SITE` chooses.

        Raises:
            DeclarationError: There is no such pipeline.
            SiteError: The settings are wrong.
        """
        with in_short():
            if name not in CATALOGUE:
                raise DeclarationError(no_pipeline(name))
        self.name = name
        """Its name in the catalogue."""
        self.site = site if isinstance(site, Site) else _settings_site(site or "")
        """Where it is deployed to."""
        self._tokens: dict[str, str] = {}
        """Of calls of `start` whose answer never came, by their arguments."""

    @property
    def definition(self) -> "Definition":
        """The definition, as it runs here and as it is upserted.

        Raises:
            DeclarationError: The pipeline cannot be compiled as declared.
        """
        from pipelines.notebook.results import Definition

        return Definition(name=self.name, text=self._compiled.definition)

    def check(self) -> "Findings":
        """Find what is wrong with the definition, before anything runs.

        Raises:
            DeclarationError: The pipeline cannot be compiled as declared.
        """
        from pipelines.checks import RULES, check
        from pipelines.notebook.results import Findings

        found = check(self.definition.document)
        return Findings(name=self.name, findings=tuple(found), num_rules=len(RULES))

    def graph(self) -> "Graph":
        """Draw the steps and how they wait for each other: a picture, and as text Mermaid's.

        Raises:
            DeclarationError: The pipeline cannot be compiled as declared.
        """
        from pipelines.graph import graph

        return graph(self.definition.document, title=self.name)

    @in_short()
    def cost(
        self,
        *,
        prices: str | os.PathLike[str] | None = None,
        spot_saving: float | None = None,
        account: bool = False,
        **parameters: str | float,
    ) -> "Estimate":
        """Estimate what an execution, a month of its endpoint and of its schedule cost.

        Args:
            prices: File of prices, as `pipelines prices` prints them; None: those of the project.
            spot_saving: Fraction of the time of spot instances that is not billed, in [0, 1); None:
                not known.
            account: Whether to take times from the account's last executions, where there are
                some, and not from the time limits.
            **parameters: Values of pipeline parameters.

        Raises:
            AccountError: The pipeline is not deployed, or the account cannot be read.
            DeclarationError: The pipeline cannot be compiled as declared.
            CostError: The file holds no prices, or the saving is no such fraction.
            ParameterError: A parameter is unknown or ill-typed.
        """
        from pipelines.account.durations import job_seconds
        from pipelines.cost import estimate, packaged_prices, read_price_file, schedule_costs
        from pipelines.execution import utc_now
        from pipelines.triggers import schedules

        return estimate(
            self.definition.document,
            packaged_prices() if prices is None else read_price_file(Path(prices)),
            pipeline=self.name,
            region=self.site.region,
            given=_texts(parameters),
            durations=job_seconds(self.name, self.site, self._clients) if account else {},
            spot_saving=spot_saving,
            schedules=schedule_costs(schedules(self.site), self.name, first=utc_now().date()),
        )

    @in_short()
    def permissions(self, **parameters: str | float) -> "Policies":
        """The least IAM policies of the roles that the pipeline needs, and of whoever publishes it.

        Args:
            **parameters: Values of pipeline parameters in place of their defaults, for example
                another URI of data.

        Raises:
            DeclarationError: A pipeline cannot be compiled as declared, or does not say what a step
                reads, writes or runs.
            ParameterError: A parameter is unknown or ill-typed.
        """
        from pipelines.local.parameters import resolve_parameters
        from pipelines.notebook.results import Policies
        from pipelines.permissions.roles import role_permissions

        given = _texts(parameters)
        resolve_parameters(self.definition.document["Parameters"], given, pipeline=self.name)
        # All of them: models that one pipeline registers are served by another.
        others = {name: Pipeline(name, self.site) for name in CATALOGUE if name != self.name}
        definitions = {
            name: pipeline.definition.document
            for name, pipeline in {**others, self.name: self}.items()
        }
        return Policies(
            roles=role_permissions(self.site, definitions, names=[self.name], parameters=given)
        )

    @in_short()
    def plan(self) -> "Plan":
        """What an upsert would change in the account, and what the step cache would still answer.

        Raises:
            DeclarationError: The pipeline cannot be compiled as declared.
            DefinitionError: The checks found something.
            AccountError: The account cannot be read.
        """
        from pipelines.plan import plan

        state = self._state()
        return plan(state.release, state.deployed)

    @in_short()
    def upsert(self) -> "Plan":
        """Create or update the pipeline in the account, with all that it needs.

        Each thing that is done is printed. It can be repeated after any error.

        Returns:
            What was changed; without changes, nothing was written.

        Raises:
            DeclarationError: The pipeline cannot be compiled as declared.
            DefinitionError: The checks found something.
            AccountError: A service refused or cannot be reached, or another writer is at work.
        """
        from pipelines.account.lease import this_writer
        from pipelines.account.upsert import upsert
        from pipelines.plan import plan

        state = self._state()
        upsert(state, self.site, self._clients, owner=this_writer(), say=print)
        return plan(state.release, state.deployed)

    @in_short()
    def start(
        self,
        *,
        wait: bool = False,
        only: str | Sequence[str] = (),
        first: str = "",
        display_name: str = "",
        description: str = "",
        **parameters: str | float,
    ) -> "ShownAccountExecution":
        """Start an execution in the account, of the pipeline as it was upserted.

        What was started is printed. Called again with the same arguments after an error, it does
        not start twice: if the service had begun an execution, this one is returned.

        Args:
            wait: Whether to wait for its end; each step that ends is printed.
            only: Step, or steps, to run on the results and parameters of the newest execution that
                fits; none: all.
            first: Step to run with all after it, likewise.
            display_name: Name for people; empty: the service makes one up.
            description: What it is for.
            **parameters: Values of pipeline parameters.

        Raises:
            ParameterError: A parameter or a step is not as the deployed definition wants it.
            AccountError: The pipeline is not deployed, or a service refused or cannot be reached.
        """
        from pipelines.account.executions import execution_id
        from pipelines.account.selection import Selection
        from pipelines.account.start import new_token, start

        names = (only,) if isinstance(only, str) and only else tuple(only)
        given = _texts(parameters)
        call = repr((names, first, display_name, description, sorted(given.items())))
        started = start(
            self.name,
            self.site,
            self._clients,
            token=self._tokens.setdefault(call, new_token()),
            parameters=given,
            selection=Selection(only=names, first=first) if names or first else None,
            display_name=display_name,
            description=description,
        )
        del self._tokens[call]
        # Before it is read, which may fail: whoever has its name finds it again.
        print(f"started {self.name}/{execution_id(started.arn)}")
        if started.reference is not None:
            reference = f"{self.name}/{execution_id(started.reference)}"
            print(f"Results and parameters of {reference} are used again.")
        shown = self._read(started.arn)
        return shown.wait() if wait else shown

    @in_short()
    def executions(self, num_executions: int = NUM_EXECUTIONS) -> "ShownExecutions":
        """The newest executions in the account, newest first.

        Args:
            num_executions: How many at most; 1 or more.

        Raises:
            AccountError: The pipeline is not deployed, or the account cannot be read.
            ValueError: So few cannot be listed.
        """
        from pipelines.account.executions import list_executions, with_reasons
        from pipelines.notebook.executions import ShownExecutions

        if num_executions < 1:
            raise ValueError(f"num_executions is {num_executions}; expected 1 or more.")
        found = list_executions(self.name, self.site, self._clients, num_executions=num_executions)
        return ShownExecutions(executions=tuple(with_reasons(found, self._clients)))

    @in_short()
    def execution(self, name: str = "") -> "ShownAccountExecution":
        """An execution in the account, with its steps.

        Args:
            name: Its id or its ARN; empty: the newest.

        Raises:
            AccountError: There is none, or the account cannot be read.
        """
        from pipelines.account.executions import find_execution

        is_id = name and not name.startswith("arn:")
        text = f"{self.name}/{name}" if is_id else name or self.name
        return self._read(find_execution(text, self.site, self._clients))

    @in_short()
    def run(
        self,
        *,
        images: str | os.PathLike[str] | None = None,
        root: str | os.PathLike[str] = DEFAULT_ROOT,
        resume: str | None = None,
        **parameters: str | float,
    ) -> "ShownLocalExecution":
        """Run the pipeline on this machine, to its end; each step that ends is printed.

        Args:
            images: Folder of images; to train, one subfolder per label.
            root: Folder of the object store, the executions and the model packages.
            resume: Id of an execution that failed or was stopped, to go on with.
            **parameters: Values of pipeline parameters.

        Returns:
            The execution, successful or not.

        Raises:
            DeclarationError: The pipeline cannot be compiled as declared.
            DefinitionError: The checks found something.
            LocalExecutionError: The execution cannot start.
        """
        from pipelines.display import PlainDisplay
        from pipelines.notebook.executions import ShownLocalExecution
        from pipelines.run import run_pipeline

        with warnings.catch_warnings():
            # A library of the search looks for widgets, to show bars of progress that nobody sees.
            warnings.filterwarnings("ignore", message="IProgress not found")
            execution = run_pipeline(
                self.name,
                self.site,
                parameters=_texts(parameters),
                root=Path(root),
                images_dir=None if images is None else Path(images),
                resume=resume,
                display=PlainDisplay(sys.stdout),
            )
        return ShownLocalExecution(execution=execution, root=Path(root))

    def __str__(self) -> str:
        return "\n".join([self._title, "", *text_table(self._parameter_rows())])

    def __repr__(self) -> str:
        return f"Pipeline({self.name!r})"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self._title)}</p>{html_table(self._parameter_rows())}"

    @cached_property
    @in_short()
    def _compiled(self) -> "Compiled":
        from pipelines.compile import compile_pipeline

        return compile_pipeline(self.name, self.site)

    @cached_property
    def _clients(self) -> "Clients":
        from pipelines.account.clients import Clients

        return Clients(self.site)

    def _state(self) -> "State":
        """The pipeline as it is to be, checked, and as it is in the account."""
        from pipelines.account.deployed import read_state
        from pipelines.checks import refuse_mistakes

        refuse_mistakes({self.name: self.definition.document})
        return read_state(self._compiled, self.site, self._clients)

    def _read(self, arn: str) -> "ShownAccountExecution":
        from pipelines.account.executions import read_execution
        from pipelines.notebook.executions import ShownAccountExecution

        execution = read_execution(arn, self.site, self._clients)
        return ShownAccountExecution(execution=execution, site=self.site, clients=self._clients)

    @property
    def _title(self) -> str:
        return f"{self.name}: {CATALOGUE[self.name].description}"

    def _parameter_rows(self) -> list[tuple[str, str, str, str]]:
        declared: list[dict[str, Json]] = self.definition.document["Parameters"]
        rows = [
            (
                str(parameter["Name"]),
                str(parameter["Type"]),
                str(parameter.get("DefaultValue", "")),
                ", ".join(parameter.get("EnumValues", [])),
            )
            for parameter in declared
        ]
        return [("PARAMETER", "TYPE", "DEFAULT", "ONE OF"), *rows]


@in_short()
def _settings_site(name: str) -> Site:
    from pipelines.settings import CHOICE_VARIABLE, read_settings

    choice = {CHOICE_VARIABLE: name} if name else {}
    return read_settings({**os.environ, **choice}, Path.cwd()).site


def _texts(parameters: "dict[str, str | float]") -> dict[str, str]:
    return {name: str(value) for name, value in parameters.items()}
