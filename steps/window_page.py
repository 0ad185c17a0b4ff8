"""The parts that the pages of both checks of a window have."""

from collections.abc import Mapping, Sequence

from monitoring.charts import MAX_SERIES, line_chart
from monitoring.damage import Damage
from monitoring.markup import Markup
from monitoring.page import Tile, section, table
from monitoring.status import Status
from monitoring.window_record import WindowRecord
from steps.window import windows_table
from steps.window_files import DAMAGE_FILE

MAX_KEY_CHARACTERS = 40
"""Of all names together: more are wider than a chart."""

_SHOWN: Mapping[Status, tuple[str, str]] = {
    Status.COMPLETED: ("Fine", "good"),
    Status.COMPLETED_WITH_VIOLATIONS: ("Violations", "fault"),
    Status.INSUFFICIENT_DATA: ("Too few", ""),
}


def status_tile(status: Status) -> Tile:
    """How the check ended."""
    value, tone = _SHOWN[status]
    return Tile(name="Status", value=value, note=status, tone=tone)


def windows_section(
    records: Sequence[WindowRecord], *, figures: Sequence[str], title: str
) -> Markup:
    """A table of the windows, and how the first few figures went.

    Args:
        records: Earlier windows and this one, this one last.
        figures: Names of figures, the most important first.
        title: What the figures are.
    """
    names = _fitting(figures)
    complete = [record for record in records if record["figures"].keys() >= {*names}]
    rows = windows_table(records)
    parts = [table(("window", "model", "records", "violations", "status"), rows)]
    if names and len(complete) > 1:
        chart = line_chart(
            title,
            {name: [record["figures"][name] for record in complete] for name in names},
            positions=range(1 - len(complete), 1),
            axis="windows before this one",
            marked={},
        )
        parts.insert(0, chart)
    return section("Windows", "This window and the ones before it, the latest first.", *parts)


def _fitting(names: Sequence[str]) -> list[str]:
    """The first few names, as many as have room in the key of a chart."""
    fitting: list[str] = []
    for name in names[:MAX_SERIES]:
        if sum(map(len, (*fitting, name))) > MAX_KEY_CHARACTERS:
            break
        fitting.append(name)
    return fitting


def damage_sections(title: str, damage: Damage) -> list[Markup]:
    """What could not be read; nothing where everything could."""
    rows = [
        (item["reason"], item["count"], f"{place['file']}, line {place['line']}", place["detail"])
        for item in damage.to_document()
        for place in item["places"][:1]
    ]
    if not rows:
        return []
    return [
        section(
            title,
            f"What could not be read, and where first; {DAMAGE_FILE} has more places.",
            table(("reason", "number", "place", "detail"), rows),
        )
    ]
