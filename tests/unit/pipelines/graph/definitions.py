"""Small definitions whose graphs the tests know."""

import random
from pathlib import Path
from typing import Any

SNAPSHOTS = Path(__file__).parents[3] / "definitions"


def step(name: str, *after: str, **outcomes: str) -> dict[str, Any]:
    """A step that waits for others to succeed, or to end otherwise."""
    waits = [{"Step": other, "Trigger": outcome} for other, outcome in outcomes.items()]
    return {"Name": name, "Type": "Processing", "Arguments": {}, "DependsOn": [*after, *waits]}


def condition(name: str, yes: list[dict[str, Any]], no: list[dict[str, Any]]) -> dict[str, Any]:
    """A condition with steps in its branches."""
    arguments = {"Conditions": [], "IfSteps": yes, "ElseSteps": no}
    return {"Name": name, "Type": "Condition", "Arguments": arguments}


def definition(*steps: dict[str, Any]) -> dict[str, Any]:
    """A definition of steps."""
    return {"Version": "2020-12-01", "Parameters": [], "Steps": list(steps)}


def random_definition(seed: int, num_steps: int) -> dict[str, Any]:
    """Steps of which each waits for one, two or three before it."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    steps = []
    for number in range(num_steps):
        others = range(max(0, number - 8), number)
        chosen = draw.sample(others, min(len(others), draw.randint(1, 3)))
        steps.append(step(f"Step{number}", *(f"Step{other}" for other in sorted(chosen))))
    return definition(*steps)
