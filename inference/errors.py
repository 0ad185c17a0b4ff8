"""The one error of the handler: what a caller did wrong, as an HTTP status and a sentence.

RequestError is the serving toolkit's own error class where that is installed, so that it answers
with the status; anything else that a handler raises becomes status 500 there.
"""

from http import HTTPStatus

try:
    from sagemaker_inference.errors import (  # type: ignore[import-not-found,unused-ignore]
        BaseInferenceToolkitError,
    )
except ImportError:

    class BaseInferenceToolkitError(Exception):  # type: ignore[no-redef]
        """Stands in for the toolkit's class, with its attributes, where there is no toolkit."""

        def __init__(self, status_code: int, message: str, phrase: str) -> None:
            self.status_code = status_code
            self.message = message
            self.phrase = phrase
            super().__init__(status_code, message, phrase)


class RequestError(BaseInferenceToolkitError):  # type: ignore[misc,unused-ignore]
    """A request that cannot be answered; `status_code` is between 400 and 499."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(status.value, message, status.phrase)

    def __str__(self) -> str:
        return str(self.message)
