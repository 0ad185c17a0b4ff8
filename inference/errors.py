"""The one error of serving: what a caller did wrong, as an HTTP status and a sentence."""

from http import HTTPStatus


class RequestError(Exception):
    """A request that cannot be answered; `status` is between 400 and 499."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status
