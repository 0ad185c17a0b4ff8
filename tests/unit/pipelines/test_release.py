"""Tests of pipelines.release."""

import hashlib
import json
from dataclasses import replace

from pipelines.compile import Compiled
from pipelines.release import manifest_uri, release
from steps.bundle import Bundle
from steps.lambda_function import lambda_function
from steps.site import Site

SITE = Site(project="dogs", bucket="kennel")
CODE = Bundle("train", {"steps/train/script.py": b"pass\n"})
COMPILED = Compiled(
    name="training",
    definition='{"Steps": []}',
    objects={"s3://kennel/dogs/code/train/x": b"x"},
    bundles={"train": CODE},
    functions={"smoke_test": lambda_function("smoke_test", SITE)},
)
DIGEST = hashlib.sha256(b"pass\n").hexdigest()


def test_a_release_is_all_there_is_to_be() -> None:
    """It names the pipeline as the account does, and has the catalogue's description."""
    found = release(COMPILED, SITE, pipelines=[], approved={})
    assert found.pipeline_name == "dogs-training"
    assert found.definition == COMPILED.definition
    assert found.description == "Search hyperparameters, train, evaluate and register a model."
    assert found.role_arn == "arn:aws:iam::111122223333:role/dogs-execution"
    assert found.functions == tuple(COMPILED.functions.values())
    assert found.triggers is None  # None can concern it.
    assert found.schedules == found.rules == ()


def test_manifests_are_written_last() -> None:
    """Where a manifest is, the bundle is; functions have theirs under the digest of the alias."""
    found = release(COMPILED, SITE, pipelines=[], approved={})
    function = COMPILED.functions["smoke_test"]
    train = manifest_uri(SITE, "train", CODE.digest)
    assert train == f"s3://kennel/dogs/code/manifests/train-{CODE.digest}.json"
    assert list(found.objects) == [
        *COMPILED.objects,
        train,
        f"s3://kennel/dogs/code/manifests/smoke_test-{function.digest}.json",
    ]
    assert json.loads(found.objects[train]) == {"steps/train/script.py": DIGEST}
    assert found.manifests["train", CODE.digest] == {"steps/train/script.py": DIGEST}


def test_triggers_concern_all_that_is_deployed() -> None:
    """The rule from drift needs two pipelines, and the function that it calls is released."""
    compiled = replace(COMPILED, name="monitoring")
    found = release(compiled, SITE, pipelines=["training", "retraining"], approved={"A": "1"})
    assert [rule.rule["Name"] for rule in found.rules] == ["dogs.drift"]
    assert [function.name for function in found.functions] == [
        "dogs-smoke_test",
        "dogs-start_retraining",
    ]
    [retraining] = [request for request in found.schedules if request["Name"] == "dogs.retraining"]
    assert json.loads(retraining["Target"]["Input"])["PipelineParameters"] == [
        {"Name": "A", "Value": "1"}
    ]
