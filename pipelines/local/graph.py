"""Decides the order of the steps, which exclude each other, and how many jobs may run at once."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.definition import Json, Step, dependencies, steps
from pipelines.local.errors import UnsupportedStep, choices


@dataclass(frozen=True, kw_only=True, slots=True)
class Graph:
    """The steps of a definition and what each waits for."""

    steps: Mapping[str, Step]
    """Steps by name, in document order."""
    dependencies: Mapping[str, frozenset[str]]
    """Per step, the steps it waits for directly."""
    ancestors: Mapping[str, frozenset[str]]
    """Per step, the steps that have ended before it starts, in an order in which steps can run."""
    branches: Mapping[str, Mapping[str, bool]]
    """Per step, the conditions that decide about it, and the outcome it needs of each."""

    def may_overlap(self, first: str, second: str) -> bool:
        """Whether two steps may run at the same time: unordered, and not in opposite branches."""
        if first in self.ancestors[second] or second in self.ancestors[first] or first == second:
            return False
        needs = self.branches[second]
        return all(
            needs.get(condition, outcome) == outcome
            for condition, outcome in self.branches[first].items()
        )

    def num_jobs_at_once(self, name: str, num_jobs: Mapping[str, int]) -> int:
        """Most jobs that can run at the same time as those of step `name`, its own included.

        Args:
            name: The step.
            num_jobs: Per step, how many jobs it runs at once.
        """
        others = [
            other for other in self.steps if num_jobs[other] and self.may_overlap(name, other)
        ]
        return num_jobs[name] + self._heaviest(others, num_jobs)

    def num_steps_at_most(self) -> int:
        """Most steps that one execution can run: of two branches the longer one counts."""
        return self._count(None)

    def _count(self, branch: tuple[str, bool] | None) -> int:
        total = 0
        for step in self.steps.values():
            if step.branch == branch:
                total += 1
                if step.type == "Condition":
                    total += max(self._count((step.name, True)), self._count((step.name, False)))
        return total

    def _heaviest(self, names: list[str], num_jobs: Mapping[str, int]) -> int:
        if not names:
            return 0
        first, *rest = names
        together = [other for other in rest if self.may_overlap(first, other)]
        return max(
            num_jobs[first] + self._heaviest(together, num_jobs), self._heaviest(rest, num_jobs)
        )


def build_graph(definition: Mapping[str, Json]) -> Graph:
    """The graph of a definition.

    Raises:
        UnsupportedStep: Two steps share a name, a step waits for one that does not exist, or steps
            wait for each other.
    """
    by_name: dict[str, Step] = {}
    for step in steps(definition):
        if step.name in by_name:
            raise UnsupportedStep(
                f"Two steps are named '{step.name}', at {by_name[step.name].pointer} and "
                f"{step.pointer}; names must be unique."
            )
        by_name[step.name] = step
    waits = {name: frozenset(dependencies(step)) for name, step in by_name.items()}
    for name, others in waits.items():
        for other in sorted(others - by_name.keys()):
            raise UnsupportedStep(
                f"Step '{name}' refers to step '{other}', which does not exist. "
                f"Steps: {choices(list(by_name))}."
            )
    ancestors = _ancestors(waits)
    branches: dict[str, dict[str, bool]] = {}
    for name in ancestors:  # In an order in which they can run.
        branches[name] = {}
        for other in waits[name]:
            branches[name] |= branches[other]
        branch = by_name[name].branch
        if branch is not None:
            branches[name] |= dict([branch])
    return Graph(steps=by_name, dependencies=waits, ancestors=ancestors, branches=branches)


def _ancestors(waits: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    ancestors: dict[str, frozenset[str]] = {}
    while len(ancestors) < len(waits):
        ready = [
            name
            for name, others in waits.items()
            if name not in ancestors and others <= ancestors.keys()
        ]
        if not ready:
            raise UnsupportedStep(f"These steps wait for each other: {_cycle(waits, ancestors)}.")
        for name in ready:
            direct = waits[name]
            ancestors[name] = direct.union(*(ancestors[other] for other in direct))
    return ancestors


def _cycle(waits: Mapping[str, frozenset[str]], ordered: Mapping[str, object]) -> str:
    path = [min(waits.keys() - ordered.keys())]
    while path.count(path[-1]) == 1:
        path.append(min(waits[path[-1]] - ordered.keys()))
    return " -> ".join(path[path.index(path[-1]) :])
