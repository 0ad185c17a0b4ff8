"""Where the labels of an endpoint's answers lie. Standard library only: a command reads it too."""

from steps.site import Site

GROUND_TRUTH_DIR = "ground-truth"
"""Labels of an endpoint's answers: `<endpoint>/yyyy/mm/dd/hh/*.jsonl`, in the hour in which they
were collected."""


def ground_truth_uri(site: Site, endpoint_name: str) -> str:
    """S3 prefix of the labels of an endpoint's answers."""
    return site.uri(GROUND_TRUTH_DIR, endpoint_name)
