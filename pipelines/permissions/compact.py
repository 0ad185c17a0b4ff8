"""Writes names that begin alike in few characters, as a shell does: `s3:{GetObject,PutObject}`."""

from collections.abc import Iterable
from os.path import commonprefix

_ARN_COLONS = 5
_WORD_ENDS = ":/-"


def compact(names: Iterable[str]) -> str:
    """The names in their order; those of one service, region and account are written together.

    Args:
        names: Actions, or ARNs of resources.
    """
    alike: dict[str, list[str]] = {}
    for name in names:
        colons = _ARN_COLONS if name.startswith("arn:") else 1
        alike.setdefault(":".join(name.split(":")[:colons]), []).append(name)
    return ", ".join(map(_together, alike.values()))


def _together(names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    prefix = commonprefix(names)  # noqa: RUF071 - cut where a word ends below
    cut = max(map(prefix.rfind, _WORD_ENDS)) + 1
    return f"{prefix[:cut]}{{{','.join(name[cut:] for name in names)}}}"
