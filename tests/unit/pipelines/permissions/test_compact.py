"""Names written together."""

import pytest

from pipelines.permissions.compact import compact

LOGS = "arn:aws:logs:us-east-1:111122223333:log-group"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param([], "", id="none"),
        pytest.param(["*"], "*", id="everything"),
        pytest.param(["s3:GetObject"], "s3:GetObject", id="one"),
        pytest.param(
            ["s3:PutObject", "s3:GetObject"], "s3:{PutObject,GetObject}", id="one service"
        ),
        pytest.param(
            ["s3:GetObject", "logs:GetLogEvents", "s3:PutObject"],
            "s3:{GetObject,PutObject}, logs:GetLogEvents",
            id="two services",
        ),
        pytest.param(
            [f"{LOGS}:/aws/lambda/dogs", f"{LOGS}:/aws/lambda/dogs:*"],
            f"{LOGS}:/aws/lambda/{{dogs,dogs:*}}",
            id="one begins with the other",
        ),
        pytest.param(
            [f"{LOGS}:dogs-one", f"{LOGS}:dogs-once"], f"{LOGS}:dogs-{{one,once}}", id="whole words"
        ),
        pytest.param(
            ["arn:aws:s3:::dogs/raw/*", "arn:aws:s3:::cats"],
            "arn:aws:s3:::{dogs/raw/*,cats}",
            id="nothing alike but the service",
        ),
        pytest.param(
            ["arn:aws:ecr:us-east-1:1:a", "arn:aws:ecr:us-east-1:2:a"],
            "arn:aws:ecr:us-east-1:1:a, arn:aws:ecr:us-east-1:2:a",
            id="two accounts",
        ),
    ],
)
def test_names_that_begin_alike_are_written_together(names: list[str], expected: str) -> None:
    """In their order, and cut between words: each name can be read off."""
    assert compact(names) == expected
