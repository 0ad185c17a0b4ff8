"""Records what the SDK would ask of the model registry, for steps that ask it later."""

from collections.abc import Callable
from dataclasses import dataclass

from sagemaker.core.workflow.pipeline_context import PipelineSession


@dataclass(frozen=True, slots=True)
class _Model:
    """All that a model step reads of its model."""

    sagemaker_session: PipelineSession


def recorded_request(session: PipelineSession, ask: Callable[[], object]) -> object:
    """The `step_args` of a ModelStep: the request that `ask` would send.

    Args:
        session: The session that `ask` uses.
        ask: Calls the SDK.
    """
    session.init_model_step_arguments(_Model(session))
    ask()
    request = session.context
    session.context = None
    return request
