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
        return f"{self.name:<52}{self.value:>12.4g} {self.unit:<10}{verdict}"
