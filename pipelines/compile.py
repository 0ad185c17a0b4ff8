"""Turns a declared pipeline into its definition: no network call, no clock, the same bytes always.

The only module besides the declarations that imports the SDK. The SDK wants a session, credentials,
a region and its own configuration files; here it gets a session whose every call refuses, and none
of the rest.
"""

import importlib
import json
import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

from pipelines.catalogue import CATALOGUE, no_pipeline
from pipelines.definition import Json, load
from steps.bundle import Bundle
from steps.errors import DeclarationError, SiteError
from steps.lambda_function import Function
from steps.site import Site

TRAINING_VERSION = ("2.10.0", "py313")
INFERENCE_VERSION = ("2.6.0", "py312")
"""PyTorch and Python versions of the default images: the newest of each kind that the SDK knows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compiled:
    """A compiled pipeline."""

    name: str
    definition: str
    """The definition: JSON with sorted keys."""
    objects: Mapping[str, bytes]
    """Objects that must be in S3 before the definition runs, by URI: the source bundles under their
    digests, and the placeholders of inputs that may be empty."""
    bundles: Mapping[str, Bundle]
    """The source bundles, by step folder."""
    functions: Mapping[str, Function]
    """The Lambda functions that its steps call, by folder."""


def compile_definitions(site: Site) -> dict[str, Mapping[str, Json]]:
    """Compile all pipelines of the catalogue: their parsed definitions by name.

    Args:
        site: Where they are deployed to.

    Raises:
        DeclarationError: One of them cannot be compiled as declared.
    """
    return {name: load(compile_pipeline(name, site).definition) for name in CATALOGUE}


def compile_pipeline(name: str, site: Site) -> Compiled:
    """Compile a pipeline of the catalogue.

    Args:
        name: Its name.
        site: Where it is deployed to.

    Raises:
        DeclarationError: There is no such pipeline, or it cannot be compiled as declared.
    """
    if name not in CATALOGUE:
        raise DeclarationError(no_pipeline(name))
    entry = CATALOGUE[name]
    with _quiet_sdk(site.region):
        context = _context(name, site)
        build = getattr(importlib.import_module(entry.module), entry.function)
        definition = json.loads(build(context).definition())
    text = json.dumps(_without_empty(definition), indent=2, sort_keys=True, allow_nan=False)
    return Compiled(
        name=name,
        definition=f"{text}\n",
        objects=dict(sorted(context.objects.items())),
        bundles=dict(sorted(context.bundles.items())),
        functions=dict(sorted(context.functions.items())),
    )


def _context(name: str, site: Site) -> Any:
    from sagemaker.core import image_uris
    from sagemaker.core.workflow.pipeline_context import PipelineSession

    from steps.job import Context

    def image(scope: str, version: tuple[str, str], instance_type: str) -> str:
        try:
            uri = image_uris.retrieve(
                "pytorch",
                site.region,
                version=version[0],
                py_version=version[1],
                image_scope=scope,
                instance_type=instance_type,
            )
        except ValueError as error:
            raise SiteError(
                f"The SDK knows no PyTorch {scope} image in region '{site.region}'; correct "
                "SITE_REGION, or name the images with SITE_TRAINING_IMAGE_URI, "
                "SITE_PROCESSING_IMAGE_URI and SITE_INFERENCE_IMAGE_URI."
            ) from error
        return str(uri)

    session = PipelineSession(
        boto_session=_Refusing(site.region),
        sagemaker_client=_Refusing(site.region),
        default_bucket=site.bucket,
        sagemaker_config={},
    )
    return Context(
        site=site,
        session=session,
        pipeline_name=site.pipeline_name(name),
        training_image_uri=site.training_image_uri
        or image("training", TRAINING_VERSION, "ml.g5.xlarge"),
        processing_image_uri=site.processing_image_uri
        or image("training", TRAINING_VERSION, "ml.m5.xlarge"),
        inference_image_uri=site.inference_image_uri
        or image("inference", INFERENCE_VERSION, "ml.m5.xlarge"),
    )


class _Refusing:
    """Stands where the SDK expects a boto3 session or client, and refuses every call."""

    def __init__(self, region: str) -> None:
        self.region_name = region

    def client(self, service: str, **_: object) -> "_Refusing":
        return self

    resource = client

    def __getattr__(self, name: str) -> Any:
        def refuse(*_: object, **__: object) -> NoReturn:
            raise AssertionError(f"Compiling called the AWS operation '{name}'; it must call none.")

        return refuse


@contextmanager
def _quiet_sdk(region: str) -> Iterator[None]:
    """Keep the SDK from the network, from the user's settings of AWS tools, and from the log."""
    ambient = dict(os.environ)
    for name in ambient:
        if name.startswith(("AWS_", "SAGEMAKER_")):
            del os.environ[name]
    os.environ.update(
        AWS_DEFAULT_REGION=region,
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
        SAGEMAKER_VALIDATE_ROLE="false",
        SAGEMAKER_ADMIN_CONFIG_OVERRIDE=os.devnull,
        SAGEMAKER_USER_CONFIG_OVERRIDE=os.devnull,
    )
    root = logging.getLogger()
    loggers = [root, logging.getLogger("sagemaker"), logging.getLogger("sagemaker.config")]
    levels = [logger.level for logger in loggers]
    handlers = list(root.handlers)
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        root.handlers[:] = handlers  # The SDK adds one, so that every library would talk.
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        os.environ.clear()
        os.environ.update(ambient)


def _without_empty(value: Any) -> Any:
    """A request without nulls and empty objects: the service's parser was never shown them."""
    if isinstance(value, dict):
        cleaned = {key: _without_empty(item) for key, item in value.items()}
        return {key: item for key, item in cleaned.items() if item not in (None, {})}
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    return value
