"""Decides the order of the steps, which exclude each other, and how many jobs may run at once."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.definition import Json, Step, steps, triggers
from pipelines.local.errors import UnsupportedStep, choices


@dataclass(frozen=True, kw_only=True, slots=True)
class Graph:
    """The steps of a definition and what each waits for."""

    steps: Mapping[str, Step]
    """Steps by name, in document order."""
    triggers: Mapping[str, Mapping[str, str]]
    """Per step, the steps it waits for directly, and the outcome that it needs of each."""
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
        """Most steps that run if none fails: of two branches the longer one counts."""
        return self._count(None)

    def may_follow_failure(self, name: str) -> bool:
        """Whether a step, or one that it waits for, may run although another one has failed."""
        return self._waits_for(name, {"Any", "Failed", "Stopped"})

    def _waits_for(self, name: str, outcomes: set[str]) -> bool:
        return any(
            outcome in outcomes or self._waits_for(other, outcomes)
            for other, outcome in self.triggers[name].items()
        )

    def _count(self, branch: tuple[str, bool] | None) -> int:
        total = 0
        for step in self.steps.values():
            is_exceptional = self._waits_for(step.name, {"Failed", "Stopped"})
            if step.branch == branch and not is_exceptional:
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
    outcomes = {name: triggers(step) for name, step in by_name.items()}
    waits = {name: frozenset(others) for name, others in outcomes.items()}
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
    return Graph(steps=by_name, triggers=outcomes, ancestors=ancestors, branches=branches)


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
