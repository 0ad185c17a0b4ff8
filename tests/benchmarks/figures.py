"""A measured figure, its target and how it prints."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number."""

    name: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None
    interval: tuple[float, float] | None = None
    """What it may be in truth, with a confidence of 95 %."""

    @property
    def is_reached(self) -> bool:
        """Whether the number reaches its target; True where it has none."""
        return (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )

    def __str__(self) -> str:
        bounds = [
            f"{word} {bound:g}"
            for word, bound in (("at least", self.at_least), ("at most", self.at_most))
            if bound is not None
        ]
        verdict = (
            f"  {'ok' if self.is_reached else 'MISSED'} ({', '.join(bounds)})" if bounds else ""
        )
        # A fraction has an interval in the place of a unit.
        unit = "[{:.3f}, {:.3f}]".format(*self.interval) if self.interval else self.unit
        return f"{self.name:<52}{self.value:>12.4g} {unit:<14}{verdict}"
