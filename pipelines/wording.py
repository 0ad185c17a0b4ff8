"""How messages name what is wrong, and what would have been right."""

import difflib
import json
from collections.abc import Iterable

from pipelines.definition import Json

MAX_ALTERNATIVES = 10
_MAX_QUOTED_CHARACTERS = 80


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that a person most likely meant, if one is close."""
    matches = difflib.get_close_matches(name, sorted(known), n=1)
    return matches[0] if matches else None


def alternatives(name: str, known: Iterable[str], label: str = "Known") -> str:
    """Sentences that list the known names and suggest the nearest: `Known: ab. Did you mean 'ab'?`.

    More than ten names are cut down to the ten most like `name`.
    """
    names = sorted(set(known))
    if not names:
        return f"{label}: none."
    shown = names
    if len(names) > MAX_ALTERNATIVES:
        shown = sorted(difflib.get_close_matches(name, names, n=MAX_ALTERNATIVES, cutoff=0.0))
    rest = f" and {len(names) - len(shown)} more" if len(shown) < len(names) else ""
    guess = nearest(name, names)
    suggestion = f" Did you mean '{guess}'?" if guess else ""
    return f"{label}: {', '.join(shown)}{rest}.{suggestion}"


def quote(value: Json) -> str:
    """A value in a message: strings in single quotes, the rest as JSON, cut at 80 characters."""
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value)
    if len(text) <= _MAX_QUOTED_CHARACTERS:
        return text
    return f"{text[: _MAX_QUOTED_CHARACTERS - 3]}..."


def file_error(error: OSError | ValueError) -> str:
    """Why a file cannot be read or written, for a message that has its name already."""
    return (isinstance(error, OSError) and error.strerror) or str(error)


def more_places(count: int) -> str:
    """The end of a message about a mistake that shows in several places."""
    if count == 0:
        return ""
    return f" ({count} more {'place' if count == 1 else 'places'} in the document.)"
