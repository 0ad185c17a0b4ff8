"""The error of serving."""

from http import HTTPStatus

from inference.errors import RequestError


def test_error_is_a_status_and_a_sentence() -> None:
    """Who answers the request needs no more than the error."""
    error = RequestError(HTTPStatus.NOT_ACCEPTABLE, "No such type.")
    assert (error.status, str(error)) == (406, "No such type.")
