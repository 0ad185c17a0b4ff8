"""The command `traffic`: asks an endpoint about pictures, and labels its answers."""

import argparse
import math
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.commands.endpoints import find_endpoint
from pipelines.commands.usage import Commands, UsageError, add_root, next_command, site
from steps.ground_truth import ground_truth_uri

if TYPE_CHECKING:
    from inference.client import Client
    from monitoring.traffic import Summary
    from steps.site import Site

_NUM_REQUESTS = 100
_RATE = 10.0
_SEED = 0
_S3 = "s3://"
_OPTIONS = {
    "num_requests": "--num-requests",
    "requests_per_second": "--rate",
    "label_noise_fraction": "--label-noise",
    "mean_label_delay_seconds": "--label-delay",
    "seed": "--seed",
}
"""What the command calls the settings of a simulation."""


def add(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "traffic", help="send labelled pictures to an endpoint at a steady rate"
    )
    command.add_argument("endpoint", metavar="ENDPOINT")
    command.add_argument(
        "images", type=Path, metavar="IMAGES_DIR", help="pictures, one folder per label"
    )
    command.add_argument(
        "--num-requests",
        type=int,
        default=_NUM_REQUESTS,
        metavar="N",
        help=f"how many pictures are drawn and sent (default: {_NUM_REQUESTS})",
    )
    command.add_argument(
        "--rate",
        type=float,
        default=_RATE,
        metavar="N",
        help=f"requests per second (default: {_RATE:g})",
    )
    command.add_argument(
        "--corruption",
        metavar="NAME",
        help="what happens to every picture, for example blur; a wrong name lists all",
    )
    command.add_argument(
        "--severity",
        type=float,
        metavar="N",
        help="how much of it; a wrong number tells the range and the unit",
    )
    command.add_argument(
        "--label-noise",
        type=float,
        default=0.0,
        metavar="FRACTION",
        help="probability that a label is wrong (default: 0)",
    )
    command.add_argument(
        "--label-delay",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="mean time from a request to its label (default: 0)",
    )
    command.add_argument(
        "--seed",
        type=int,
        default=_SEED,
        metavar="N",
        help=f"the same seed draws the same pictures (default: {_SEED})",
    )
    command.add_argument(
        "--labels",
        metavar="PLACE",
        help="folder or S3 URI for the labels (default: where monitoring looks for the endpoint's)",
    )
    command.add_argument(
        "--account", action="store_true", help="ask the account's endpoint, not this machine's"
    )
    add_root(command)
    command.set_defaults(command=_traffic)


def _traffic(arguments: argparse.Namespace) -> int:
    from monitoring.ground_truth import GroundTruthWriter
    from pipelines.execution import utc_now
    from pipelines.local.signals import stopping_on_signals

    settings = site()
    simulation = _simulation(arguments)
    client = _client(arguments, settings)
    place = arguments.labels or ground_truth_uri(settings, arguments.endpoint)
    is_upload = arguments.account and place.startswith(_S3)
    folder = _folder(place, None if is_upload else arguments.root)
    is_stopping = threading.Event()
    print(
        f"Asking endpoint '{arguments.endpoint}' about {arguments.num_requests} pictures, "
        f"{arguments.rate:g} a second; Ctrl-C ends it.",
        file=sys.stderr,
    )
    # However it ends, the labels of all answers are written.
    with stopping_on_signals(is_stopping):
        with GroundTruthWriter(folder) as labels:
            summary = simulation(
                send=client.predict,
                started_at=utc_now(),
                write_label=labels.add,
                sleep=is_stopping.wait,
                is_stopping=is_stopping.is_set,
            )
        problem = _upload(folder, place, settings) if is_upload else ""
    for reason, path in {item.reason: item.path for item in reversed(summary.failures)}.items():
        print(f"No answer for {path}: {reason}", file=sys.stderr)
    if problem:
        print(f"pipelines: {problem}", file=sys.stderr)
    print(
        f"asked {summary.num_sent}, answered {summary.num_sent - summary.num_failed}, "
        f"failed {summary.num_failed}, labels {summary.num_labels} in "
        f"{place if is_upload and not problem else folder}"
    )
    if is_stopping.is_set():
        raise KeyboardInterrupt
    return 1 if summary.num_failed or problem else 0


def _simulation(arguments: argparse.Namespace) -> "Callable[..., Summary]":
    """`simulate` with what is to be sent."""
    from inference.contract import CONTENT_TYPE_BY_SUFFIX
    from inference.images import decode
    from monitoring.corruptions import Corruption
    from monitoring.traffic import Load, simulate
    from monitoring.traffic_mix import TrafficMix, find_pictures

    if arguments.corruption is None and arguments.severity is not None:
        raise UsageError("--severity is that of a corruption; name one with --corruption.")
    try:
        mix = TrafficMix(
            pictures=find_pictures(arguments.images, suffixes=CONTENT_TYPE_BY_SUFFIX),
            label_noise_fraction=arguments.label_noise,
            mean_label_delay_seconds=arguments.label_delay,
            seed=arguments.seed,
        )
        load = Load(requests_per_second=arguments.rate, num_requests=arguments.num_requests)
        corruption = None
        if arguments.corruption is not None:
            # No severity is none that it can have, and is refused with those that it can.
            severity = math.nan if arguments.severity is None else arguments.severity
            corruption = Corruption(kind=arguments.corruption, severity=severity)
    except (FileNotFoundError, ValueError) as error:
        message = str(error)
        for name, option in _OPTIONS.items():
            message = message.replace(f"'{name}'", option)
        raise UsageError(message) from error
    return partial(simulate, mix, load, corruption=corruption, decode=decode)


def _client(arguments: argparse.Namespace, settings: "Site") -> "Client":
    """What asks the endpoint."""
    from inference.client import Client, runtime_client
    from pipelines.local.hosting import Hosting

    if arguments.account:
        return Client(arguments.endpoint, runtime=runtime_client(region=settings.region))
    endpoint = find_endpoint(Hosting(arguments.root), arguments.endpoint)
    if not endpoint.is_alive:
        words = next_command(f"run deployment -p EndpointName={endpoint.name}", arguments.root)
        raise UsageError(
            f"Endpoint '{endpoint.name}' does not answer: its process has ended. Start it again "
            f"with {words}."
        )
    return Client(endpoint.name, runtime=runtime_client(url=endpoint.url))


def _folder(place: str, root: Path | None) -> Path:
    """Where labels are written: a folder, the local store's of an S3 URI, or one to upload.

    Args:
        place: Folder or S3 URI.
        root: Folder of the local store; None for a temporary folder.

    Raises:
        UsageError: The S3 URI names no folder.
    """
    from infrastructure.functions.objects import bucket_and_key
    from pipelines.local.errors import StorageError
    from pipelines.local.store import LocalStore

    if not place.startswith(_S3):
        return Path(place)
    try:
        bucket_and_key(f"{place}/")
        if root is not None:
            return LocalStore(root).folder(place)
    except (StorageError, ValueError) as error:
        raise UsageError(f"--labels: {error}") from error
    return Path(tempfile.mkdtemp(prefix="labels-"))


def _upload(directory: Path, uri: str, settings: "Site") -> str:
    """Move the files of a folder to below an S3 URI; what went wrong, as a sentence, or nothing."""
    import boto3

    from infrastructure.functions.objects import bucket_and_key
    from pipelines.account.errors import AccountError, explained

    key = settings.output_kms_key
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
    s3 = boto3.client("s3", region_name=settings.region)
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    try:
        with explained():
            for path in files:
                place = f"{uri.rstrip('/')}/{path.relative_to(directory).as_posix()}"
                s3.put_object(**bucket_and_key(place), **encryption, Body=path.read_bytes())
    except AccountError as error:
        return f"Not all labels were written to '{uri}'; all of them are in '{directory}'. {error}"
    shutil.rmtree(directory)
    return ""
