"""The compiled definitions: what a change of the declarations changes, byte for byte."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipelines.catalogue import CATALOGUE
from pipelines.compile import Compiled, compile_pipeline
from pipelines.definition import load, references, steps
from steps.errors import DeclarationError, SiteError
from steps.site import Site

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
_SOMEBODY = 65534
"""Number of a user and a group that own nothing."""


def _without_digests(compiled: Compiled) -> str:
    """The definition with `<bundle:train>` where a digest of code stands; likewise of functions."""
    text = compiled.definition
    for uri in compiled.objects:
        if match := re.search(r"/code/(\w+)/([0-9a-f]{64})/", uri):
            text = text.replace(match[2], f"<bundle:{match[1]}>")
    return re.sub(r"-(\w+):code-[0-9a-f]{12}", r"-\1:code-<function:\1>", text)


@pytest.mark.parametrize("name", CATALOGUE)
def test_definition_is_the_reviewed_one(
    compiled: Mapping[str, Compiled], name: str, pytestconfig: pytest.Config
) -> None:
    """A definition equals its snapshot; `--update-definitions` rewrites it for review."""
    path = HERE / f"{name}.json"
    text = _without_digests(compiled[name])
    if pytestconfig.getoption("update_definitions"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CATALOGUE)
def test_all_objects_are_in_one_folder(compiled: Mapping[str, Compiled], name: str) -> None:
    """One listing tells what is there, for bundles and placeholders alike."""
    folder = Site().uri("code", "")
    assert not [uri for uri in compiled[name].objects if not uri.startswith(folder)]


@pytest.fixture(scope="module")
def moved_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository as another user has it: in another folder, with other modes and times."""
    repository = tmp_path_factory.mktemp("moved")
    for package in ("infrastructure", "inference", "monitoring", "pipelines", "steps"):
        shutil.copytree(
            REPOSITORY / package,
            repository / package,
            ignore=shutil.ignore_patterns("__pycache__"),
            copy_function=shutil.copyfile,
        )
    for path in repository.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
        os.utime(path, (0, 0))
        if os.geteuid() == 0:
            os.chown(path, _SOMEBODY, _SOMEBODY)
    return repository


@pytest.fixture(scope="module", params=["3.11", "3.12", "3.13"])
def shown_elsewhere(
    request: pytest.FixtureRequest, moved_repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder with what `show` prints for each pipeline under another Python, for another user."""
    python = REPOSITORY / f".venv-{request.param}" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"This machine has no Python {request.param}.")
    tmp_path = tmp_path_factory.mktemp("elsewhere")
    program = (
        "import contextlib, os, socket, sys\n"
        "def refuse(*_, **__): raise AssertionError('compiling opened a socket')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "os.umask(0o077)\n"
        "from pipelines.cli import main\n"
        "for name in sys.argv[1:]:\n"
        "    with open(name, 'w', encoding='utf-8', newline='') as file:\n"
        "        with contextlib.redirect_stdout(file):\n"
        "            if code := main(['show', name]): sys.exit(code)\n"
    )
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(moved_repository),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(tmp_path),
        "USER": "somebody",
        "LOGNAME": "somebody",
        "AWS_DEFAULT_REGION": "ap-southeast-2",
        "AWS_PROFILE": "nobody",
        "AWS_ACCESS_KEY_ID": "AKIA0000000000000000",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "PYTHONHASHSEED": "7",
        "TZ": "Asia/Tokyo",
    }
    settings = tmp_path / ".config" / "sagemaker" / "config.yaml"
    settings.parent.mkdir(parents=True)
    settings.write_text("SchemaVersion: '1.0'\nSageMaker:\n  TrainingJob:\n    RoleArn: nonsense\n")
    result = subprocess.run(
        [python, "-c", program, *CATALOGUE],
        capture_output=True,
        cwd=tmp_path,
        env=environ,
        check=False,
    )
    assert result.returncode == 0, result.stderr.decode()
    return tmp_path


@pytest.mark.parametrize("name", CATALOGUE)
def test_same_bytes_elsewhere(
    compiled: Mapping[str, Compiled], name: str, shown_elsewhere: Path
) -> None:
    """Every supported Python, in another folder, for another user, with sockets closed, agrees."""
    assert (shown_elsewhere / name).read_bytes().decode() == compiled[name].definition


@pytest.mark.parametrize("name", CATALOGUE)
def test_account_and_bucket_come_from_the_settings_alone(
    compiled: Mapping[str, Compiled], name: str
) -> None:
    """With those of another site, the definition differs in their places and nowhere else."""
    here, there = Site(), Site(account="444455556666", bucket="kennel")
    found = _without_digests(compile_pipeline(name, there))
    assert here.account not in found
    expected = _without_digests(compiled[name])
    for old, new in ((here.bucket, there.bucket), (here.account, there.account)):
        expected = expected.replace(old, new)
    assert found == expected


def test_compiling_twice_gives_the_same(compiled: Mapping[str, Compiled]) -> None:
    """Compiling again in one process gives the same definition and the same objects."""
    again = compile_pipeline("training", Site())
    assert again == compiled["training"]


def test_security_settings_reach_every_job() -> None:
    """Subnets, keys, isolation and encryption are in every job's request, tuning included."""
    site = Site(
        subnets=("subnet-1",),
        security_group_ids=("sg-1",),
        volume_kms_key="key-volume",
        output_kms_key="key-output",
    )
    definition = compile_pipeline("training", site).definition
    num_jobs = 4
    assert definition.count('"EnableNetworkIsolation": true') == num_jobs
    assert definition.count('"EnableInterContainerTrafficEncryption": true') == num_jobs
    assert definition.count('"VolumeKmsKeyId": "key-volume"') == num_jobs
    assert definition.count('"KmsKeyId": "key-output"') == num_jobs
    assert definition.count('"subnet-1"') == num_jobs
    assert definition.count('"sg-1"') == num_jobs


def test_optional_settings_show_in_the_definition() -> None:
    """Pretrained weights become a channel, and the git revision part of the package's metadata."""
    site = Site(pretrained_weights_uri="s3://bucket/weights", git_revision="0123abc")
    definition = compile_pipeline("retraining", site).definition
    assert definition.count('"ChannelName": "pretrained"') == 1
    assert '"git_revision": "0123abc"' in definition


@pytest.mark.parametrize(
    ("name", "site", "defaults"),
    [
        pytest.param(
            "retraining",
            Site(
                train_instance_type="ml.g4dn.xlarge",
                processing_instance_type="ml.c5.xlarge",
                enable_automatic_approval=True,
            ),
            {
                "TrainInstanceType": "ml.g4dn.xlarge",
                "PreprocessInstanceType": "ml.c5.xlarge",
                "EvaluateInstanceType": "ml.c5.xlarge",
                "ModelApprovalStatus": "Approved",
            },
            id="retraining",
        ),
        pytest.param(
            "deployment",
            Site(
                endpoint_instance_type="ml.c5.large",
                endpoint_instance_count=2,
                max_instance_count=4,
                capture_percentage=10,
            ),
            {
                "EndpointInstanceType": "ml.c5.large",
                "EndpointInstanceCount": 2,
                "MaxInstanceCount": 4,
                "CapturePercentage": 10,
            },
            id="deployment",
        ),
        pytest.param(
            "scoring",
            Site(transform_instance_type="ml.c5.large"),
            {"TransformInstanceType": "ml.c5.large"},
            id="scoring",
        ),
        pytest.param(
            "monitoring",
            Site(monitoring_instance_type="ml.c5.large"),
            {"MonitoringInstanceType": "ml.c5.large"},
            id="monitoring",
        ),
    ],
)
def test_what_sites_differ_in_is_the_default_of_parameters(
    name: str, site: Site, defaults: Mapping[str, object]
) -> None:
    """Instances, data capture and approval are settings of a site, and may be set at each start."""
    parameters = load(compile_pipeline(name, site).definition)["Parameters"]
    found = {item["Name"]: item["DefaultValue"] for item in parameters}
    assert defaults == {name: found[name] for name in defaults}


def test_fine_tuning_searches_smaller_learning_rates() -> None:
    """With pretrained weights, the search reaches rates that leave them what they are."""
    site = Site(pretrained_weights_uri="s3://bucket/weights")
    definition = load(compile_pipeline("training", site).definition)
    [tune] = [step for step in steps(definition) if step.name == "Tune"]
    config = tune.body["Arguments"]["HyperParameterTuningJobConfig"]
    ranges = {r["Name"]: r for r in config["ParameterRanges"]["ContinuousParameterRanges"]}
    assert float(ranges["learning_rate"]["MinValue"]) == 1e-5
    assert float(ranges["learning_rate"]["MaxValue"]) == 2e-3


def test_a_package_says_how_to_make_its_model_again(compiled: Mapping[str, Compiled]) -> None:
    """Every parameter of `retraining` that decides the model is in the package's metadata."""
    definition = load(compiled["retraining"].definition)
    [register] = [step for step in steps(definition) if step.name == "RegisterModel"]
    metadata = register.body["Arguments"]["CustomerMetadataProperties"]
    recorded = {reference.text.partition(".")[2] for reference in references(metadata)}
    others = {
        *("AccuracyChangeThreshold", "AccuracyThreshold", "CalibrationErrorThreshold"),
        *("EvaluateInstanceType", "MacroF1Threshold", "ModelApprovalStatus"),
        *("PreprocessInstanceCount", "PreprocessInstanceType", "TrainInstanceType"),
    }
    declared = {parameter["Name"] for parameter in definition["Parameters"]}
    assert declared - others <= recorded


def test_an_unknown_pipeline_is_refused() -> None:
    """A name outside the catalogue is answered with the catalogue's names."""
    with pytest.raises(DeclarationError) as caught:
        compile_pipeline("trainning", Site())
    assert str(caught.value) == (
        "There is no pipeline 'trainning'. Pipelines: deployment, monitoring, retraining, scoring, "
        "training. Did you mean 'training'?"
    )


def test_a_region_without_images_is_refused() -> None:
    """A region that the SDK knows no image for is answered with the settings that name images."""
    with pytest.raises(SiteError) as caught:
        compile_pipeline("training", Site(region="eu-west-9"))
    assert str(caught.value) == (
        "The SDK knows no PyTorch training image in region 'eu-west-9'; correct SITE_REGION, or "
        "name the images with SITE_TRAINING_IMAGE_URI, SITE_PROCESSING_IMAGE_URI and "
        "SITE_INFERENCE_IMAGE_URI."
    )
