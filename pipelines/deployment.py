"""The pipeline `deployment` for notebooks and scripts; importing this imports nothing heavy."""

from pipelines.notebook import Pipeline
from steps.site import Site


def pipeline(site: Site | None = None) -> Pipeline:
    """The pipeline `deployment`, to check, plan, upsert, start and run.

    Args:
        site: Where it is deployed to; None: the site of the settings.

    Raises:
        SiteError: The settings are wrong.
    """
    return Pipeline("deployment", site)
