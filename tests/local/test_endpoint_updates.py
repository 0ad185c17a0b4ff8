"""An endpoint is updated while it is asked, and nobody who asks notices."""

import http.client
import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image

from inference.artifact import Artifact, Spec, write_artifact
from inference.contract import SERVING_PROGRAM
from inference.model import build_classifier
from inference.transforms import Normalization
from pipelines.execution import utc_now
from pipelines.local.hosting import Hosting
from pipelines.local.jobs.archive import pack
from pipelines.local.store import LocalStore
from tests.waiting import SECONDS, wait_until

pytestmark = [pytest.mark.local, pytest.mark.allow_hosts(["127.0.0.1"])]

NAME = "dogs"
NUM_REQUESTS = 2000
NUM_CLIENTS = 4


class Clients:
    """Several callers that ask until they have asked often enough."""

    def __init__(self, port: int) -> None:
        buffer = io.BytesIO()
        Image.new("RGB", (24, 16), (200, 100, 50)).save(buffer, "PNG")
        self._body = buffer.getvalue()
        self._port = port
        self._threads = [threading.Thread(target=self._ask) for _ in range(NUM_CLIENTS)]
        self.num_answers = 0
        self.labels: set[str] = set()
        self.failures: list[str] = []
        self.is_enough = threading.Event()

    def start(self) -> None:
        """Begin to ask."""
        for thread in self._threads:
            thread.start()

    def wait_for(self, label: str, *, num_answers: int) -> None:
        """Wait until a version has answered, and so many requests of all versions were."""
        wait_until(
            lambda: self.failures or (label in self.labels and self.num_answers >= num_answers)
        )

    def stop(self) -> None:
        """Ask no more."""
        self.is_enough.set()
        for thread in self._threads:
            thread.join(SECONDS)

    def _ask(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=SECONDS)
        while not self.is_enough.is_set():
            try:
                connection.request(
                    "POST",
                    f"/endpoints/{NAME}/invocations",
                    self._body,
                    {"Content-Type": "image/png"},
                )
                response = connection.getresponse()
                answer = response.read()
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                break
            if response.status != http.HTTPStatus.OK:
                self.failures.append(answer.decode())
                break
            self.labels.add(json.loads(answer)["predicted_label"])
            self.num_answers += 1
        connection.close()


@pytest.fixture
def hosting(tmp_path: Path) -> Iterator[Hosting]:
    """The endpoints of a root; the one of the test is stopped at the end."""
    hosting = Hosting(tmp_path)
    yield hosting
    hosting.stop(NAME)


def deploy(hosting: Hosting, root: Path, label: str) -> None:
    """Let the endpoint go over to a model that knows one label."""
    model_dir = root / label
    artifact = Artifact(
        network=build_classifier("small_cnn", num_labels=2).eval(),
        spec=Spec(
            architecture="small_cnn",
            image_size=16,
            normalization=Normalization(mean=(0.5, 0.4, 0.3), std=(0.2, 0.25, 0.5)),
        ),
        labels=(label, f"{label} too"),
    )
    with torch.no_grad():
        artifact.network.head.bias[0] += 100  # Whatever the image shows.
    write_artifact(model_dir, artifact, training={})
    pack(model_dir, root / "model.tar.gz")
    uri = f"s3://bucket/{label}/model.tar.gz"
    LocalStore(root).move_file(root / "model.tar.gz", uri)
    now = utc_now()
    container = {"ModelDataUrl": uri, "Environment": {"SAGEMAKER_PROGRAM": SERVING_PROGRAM}}
    hosting.create_model({"ModelName": label, "PrimaryContainer": container}, name=label, now=now)
    variant = {"VariantName": "AllTraffic", "ModelName": label, "InitialInstanceCount": 1}
    request = {"EndpointConfigName": label, "ProductionVariants": [variant]}
    hosting.create_endpoint_config(request, now=now)
    hosting.deploy(NAME, label, is_stopping=threading.Event())


def test_no_request_fails_while_the_endpoint_is_updated_twice(
    hosting: Hosting, tmp_path: Path
) -> None:
    """2,000 requests and more are answered, by three versions in turn."""
    deploy(hosting, tmp_path, "first")
    endpoint = hosting.endpoint(NAME)
    assert endpoint is not None
    clients = Clients(int(endpoint.url.rpartition(":")[2]))

    clients.start()
    try:
        clients.wait_for("first", num_answers=NUM_REQUESTS // 4)
        deploy(hosting, tmp_path, "second")
        clients.wait_for("second", num_answers=NUM_REQUESTS // 2)
        deploy(hosting, tmp_path, "third")
        clients.wait_for("third", num_answers=NUM_REQUESTS)
    finally:
        clients.stop()

    assert clients.failures == []
    assert clients.num_answers >= NUM_REQUESTS
    assert clients.labels == {"first", "second", "third"}
