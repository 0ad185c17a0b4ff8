"""The pipeline `retraining` for notebooks and scripts; importing this imports nothing heavy."""

from pipelines.notebook import Pipeline
from steps.site import Site


def pipeline(site: Site | str | None = None) -> Pipeline:
    """The pipeline `retraining`, to check, plan, upsert, start and run.

    Args:
        site: Where it is deployed to: a site, or the name of one of `site.toml`; None: the site of
            the settings.

    Raises:
        SiteError: The settings are wrong.
    """
    return Pipeline("retraining", site)
