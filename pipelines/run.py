"""Runs a pipeline of the catalogue on this machine: compile, check, place its objects, go."""

import hashlib
import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from pipelines.catalogue import CATALOGUE
from pipelines.checks import refuse_mistakes
from pipelines.compile import compile_pipeline
from pipelines.definition import Json, load
from pipelines.display import Display, choose_display
from pipelines.local.errors import ParameterError, StorageError
from pipelines.local.execution import LocalExecution, load_earlier
from pipelines.local.parameters import Value, resolve_parameters
from pipelines.local.processes import JobServer
from pipelines.local.runner import run
from pipelines.local.store import LocalStore
from steps.bundle import ROOT
from steps.site import Site

FUNCTIONS_DIR = ROOT / "infrastructure" / "functions"


def run_pipeline(
    name: str,
    site: Site,
    *,
    parameters: Mapping[str, str],
    root: Path,
    images_dir: Path | None = None,
    resume: str | None = None,
    server: JobServer | None = None,
    display: Display | None = None,
) -> LocalExecution:
    """Run a pipeline and return its finished execution, successful or not.

    Args:
        name: Name in the catalogue.
        site: Where it would be deployed to.
        parameters: Values of pipeline parameters.
        root: Folder of the local object store, the executions and the model packages.
        images_dir: Folder of images to use, in place, for the pipeline's parameter of such a kind.
        resume: Id of a failed execution to go on with.
        server: A job server that was started earlier; None to start one for this execution.
        display: Shows the execution while it runs; None: on standard error.

    Raises:
        DeclarationError: The pipeline cannot be compiled.
        DefinitionError: The checks found something.
        LocalExecutionError: The execution cannot start.
    """
    images_parameter = CATALOGUE[name].images_parameter if name in CATALOGUE else None
    if images_dir is not None:
        _check_use(name, images_parameter, images_dir, parameters)
    with ExitStack() as stack:
        if server is None:  # It loads PyTorch while this process loads the SDK.
            server = stack.enter_context(JobServer())
        compiled = compile_pipeline(name, site)
        store = LocalStore(root)
        for uri, content in compiled.objects.items():
            if not store.path(uri).exists():
                store.put_bytes(uri, content)
        if images_dir is not None and images_parameter is not None:
            parameters = {**parameters, images_parameter: _link(images_dir, store, site)}
        definition = load(compiled.definition)
        earlier = load_earlier(root, name, resume).parameters if resume is not None else {}
        values = resolve_parameters(
            definition["Parameters"], {**earlier, **parameters}, pipeline=name
        )
        _check(name, definition, values)
        if images_parameter is not None:
            _check_images(images_parameter, values[images_parameter], images_dir, store)
        return run(
            definition,
            parameters,
            pipeline=name,
            root=root,
            functions_dir=FUNCTIONS_DIR,
            display=display or choose_display(sys.stderr, os.environ),
            resume=resume,
            server=server,
        )


def _check_use(
    name: str, images_parameter: str | None, images_dir: Path, parameters: Mapping[str, str]
) -> None:
    """Check that a folder of images is one, and that the pipeline has a place for it."""
    if not images_dir.is_dir():
        raise StorageError(f"'{images_dir}' is not a folder of images.")
    if images_parameter is None:
        raise ParameterError(f"Pipeline '{name}' reads no images; leave them out.")
    if images_parameter in parameters:
        raise ParameterError(f"Give a folder of images or a value of {images_parameter}, not both.")


def _check(name: str, definition: Mapping[str, Json], values: Mapping[str, Value]) -> None:
    """Check the definition as it will run: the values given count as much as the defaults."""
    bound = [
        {**parameter, "DefaultValue": values[parameter["Name"]]}
        for parameter in definition["Parameters"]
    ]
    refuse_mistakes({name: {**definition, "Parameters": bound}})


def _check_images(
    parameter: str, images_uri: Value, images_dir: Path | None, store: LocalStore
) -> None:
    if store.names(str(images_uri)):
        return
    if images_dir is not None:
        raise StorageError(f"Folder '{images_dir}' holds no files; expected images.")
    raise StorageError(
        f"There is nothing at {parameter} '{images_uri}' in the local store; "
        "name a folder of images, on the command line with --images DIR."
    )


def _link(images_dir: Path, store: LocalStore, site: Site) -> str:
    """Make a folder readable at an S3 URI that changes with the folder's files.

    The step cache knows its inputs by their URIs, so a changed folder must have another one.
    """
    digest = hashlib.sha256()
    for path in sorted(images_dir.rglob("*")):
        status = path.lstat()
        entry = f"{path.relative_to(images_dir)}\0{status.st_size}\0{status.st_mtime_ns}\n"
        digest.update(os.fsencode(entry))
    # Images of all labels lie below the prefix; the slash keeps out prefixes that only start alike.
    uri = site.uri("images", f"{images_dir.resolve().name}-{digest.hexdigest()[:12]}", "")
    store.link(images_dir, uri)
    return uri
