"""Stands in for the SageMaker Runtime client: requests to the endpoints of this machine."""

import json
import urllib.error
import urllib.request
from io import BytesIO
from typing import Any

from pipelines.local.hosting import Hosting
from pipelines.local.stand_ins.errors import client_error

_TIMEOUT_SECONDS = 60.0
"""The service's own limit of an invocation.

Source: Amazon SageMaker AI API Reference, InvokeEndpoint,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""
_HEADERS = {
    "Accept": "Accept",
    "ContentType": "Content-Type",
    "CustomAttributes": "X-Amzn-SageMaker-Custom-Attributes",
    "InferenceId": "X-Amzn-SageMaker-Inference-Id",
    "TargetVariant": "X-Amzn-SageMaker-Target-Variant",
}


class RuntimeStandIn:
    """The operation InvokeEndpoint."""

    def __init__(self, hosting: Hosting) -> None:
        """Find the endpoints in `hosting`."""
        self._hosting = hosting

    def invoke_endpoint(
        self,
        *,
        EndpointName: str,  # noqa: N803
        Body: bytes,  # noqa: N803
        **options: str,
    ) -> dict[str, Any]:
        """Send a request to an endpoint; its Body can be read."""
        endpoint = self._hosting.endpoint(EndpointName)
        if endpoint is None or not endpoint.is_alive:
            raise client_error(
                "InvokeEndpoint", "ValidationError", f"Endpoint {EndpointName} not found."
            )
        request = urllib.request.Request(  # noqa: S310 - the URL is this machine's
            f"{endpoint.url}/endpoints/{EndpointName}/invocations",
            data=Body,
            headers={_HEADERS[name]: value for name, value in options.items()},
        )
        # No proxy of the environment's: the request stays on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=_TIMEOUT_SECONDS) as response:
                return {
                    "Body": BytesIO(response.read()),
                    "ContentType": response.headers["Content-Type"],
                    "InvokedProductionVariant": response.headers[
                        "x-Amzn-Invoked-Production-Variant"
                    ],
                }
        except urllib.error.HTTPError as error:
            with error:
                fields = json.loads(error.read())
            raise client_error(
                "InvokeEndpoint",
                error.headers.get("x-amzn-errortype", str(error.code)),
                fields.get("Message", fields.get("message", "")),
                status=error.code,
                **{key: fields[key] for key in fields if key.startswith("Original")},
            ) from error
        except OSError as error:
            raise client_error(
                "InvokeEndpoint", "ServiceUnavailable", str(error), status=503
            ) from error
