"""The pipelines of this project, by name. Reading the catalogue imports nothing heavy."""

from dataclasses import dataclass

RAW_DATA_PARAMETER = "RawDataUri"
"""Pipeline parameter that names the S3 prefix of the image folder."""

BATCH_PARAMETER = "ImagesUri"
"""Pipeline parameter that names the S3 prefix of the images to score."""

MODEL_PACKAGE_PARAMETER = "ModelPackageArn"
"""Pipeline parameter that names the model package to use."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A pipeline that can be compiled."""

    name: str
    module: str
    """Module that holds the build function."""
    function: str
    description: str
    images_parameter: str | None = None
    """Pipeline parameter that names the S3 prefix of a folder of images; None without."""


CATALOGUE = {
    entry.name: entry
    for entry in (
        Entry(
            name="training",
            module="pipelines.declarations.training",
            function="training",
            description="Search hyperparameters, train, evaluate and register a model.",
            images_parameter=RAW_DATA_PARAMETER,
        ),
        Entry(
            name="retraining",
            module="pipelines.declarations.training",
            function="retraining",
            description="Train on new data with known hyperparameters, evaluate and register.",
            images_parameter=RAW_DATA_PARAMETER,
        ),
        Entry(
            name="deployment",
            module="pipelines.declarations.deployment",
            function="deployment",
            description="Deploy an approved model package to an endpoint and test it.",
        ),
        Entry(
            name="scoring",
            module="pipelines.declarations.scoring",
            function="scoring",
            description="Ask an approved model about a folder of images, and check its answers.",
            images_parameter=BATCH_PARAMETER,
        ),
        Entry(
            name="monitoring",
            module="pipelines.declarations.monitoring",
            function="monitoring",
            description="Compare what an endpoint answers with the baseline of its model.",
        ),
    )
}


def no_pipeline(name: str) -> str:
    """What is said of a name that is none of the catalogue's."""
    from pipelines.wording import alternatives

    return f"There is no pipeline '{name}'. {alternatives(name, CATALOGUE, 'Pipelines')}"
