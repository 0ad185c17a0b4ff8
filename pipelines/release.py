"""All there is to be in an account for one pipeline: a value, made without a call."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.catalogue import CATALOGUE
from pipelines.compile import Compiled
from pipelines.trigger_requests import RuleRequests, TriggerRequests, trigger_requests
from pipelines.triggers import TRIGGERED
from steps.lambda_function import Function
from steps.site import Site

MAX_PARALLEL_STEPS = 10
"""More than any pipeline has side by side; said, because an update without it keeps what was set by
whoever changed it last."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """What makes a pipeline in an account."""

    name: str
    """Its name in the catalogue."""
    pipeline_name: str
    """Its name in the account."""
    definition: str
    """JSON."""
    description: str
    role_arn: str
    max_parallel_steps: int
    tags: Mapping[str, str]
    """Tags that the pipeline must have; others may be there beside them."""
    objects: Mapping[str, bytes]
    """Objects in S3 by URI, all in the folder `<project>/code/`, in the order to write them: the
    manifests of bundles come last, so that where a manifest is, its bundle is."""
    manifests: Mapping[tuple[str, str], Mapping[str, str]]
    """SHA-256 by path of the files of each bundle, by the bundle's name and digest."""
    functions: tuple[Function, ...]
    """Lambda functions that its steps, and the rules, call."""
    triggers: TriggerRequests | None
    """Schedules and rules of all deployed pipelines of the project; None: none of them can concern
    this pipeline, and all are left alone."""

    @property
    def schedules(self) -> tuple[Mapping[str, Any], ...]:
        """Requests of the schedules that there are to be."""
        return () if self.triggers is None else self.triggers.schedules

    @property
    def rules(self) -> tuple[RuleRequests, ...]:
        """Requests of the rules that there are to be."""
        return () if self.triggers is None else self.triggers.rules


def release(
    compiled: Compiled, site: Site, *, pipelines: Collection[str], approved: Mapping[str, str]
) -> Release:
    """What there is to be of a compiled pipeline.

    Args:
        compiled: The pipeline.
        site: The site that it was compiled for.
        pipelines: Names in the catalogue of the other pipelines that are deployed, which triggers
            concern as well.
        approved: What the newest approved model package was trained with; empty without one.

    Raises:
        DeclarationError: A trigger cannot be declared.
    """
    triggers = None
    functions = tuple(compiled.functions.values())
    if compiled.name in TRIGGERED:
        triggers = trigger_requests(site, pipelines={*pipelines, compiled.name}, approved=approved)
        functions += triggers.functions
    bundles = {
        **{(bundle.name, bundle.digest): bundle for bundle in compiled.bundles.values()},
        **{(function.code.name, function.digest): function.code for function in functions},
    }
    manifests = {
        manifest_uri(site, name, digest): bundle.manifest()
        for (name, digest), bundle in bundles.items()
    }
    return Release(
        name=compiled.name,
        pipeline_name=site.pipeline_name(compiled.name),
        definition=compiled.definition,
        description=CATALOGUE[compiled.name].description,
        role_arn=site.role_arn,
        max_parallel_steps=MAX_PARALLEL_STEPS,
        tags=dict(site.tags),
        objects={**compiled.objects, **manifests},
        manifests={key: bundle.file_digests for key, bundle in bundles.items()},
        functions=functions,
        triggers=triggers,
    )


def manifest_uri(site: Site, name: str, digest: str) -> str:
    """Where the list of a bundle's files is.

    Args:
        site: Where it is deployed to.
        name: Folder of the step or function.
        digest: The digest that a definition names: of a step's bundle, or in a function's alias.
    """
    return site.uri("code", "manifests", f"{name}-{digest}.json")
