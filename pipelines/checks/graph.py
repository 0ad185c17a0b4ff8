"""Rules about the order of the steps and about condition branches."""

from collections import deque
from collections.abc import Iterator, Mapping

from pipelines.checks.analysis import Analysis
from pipelines.checks.document import depends_on
from pipelines.checks.properties import Target, resolve
from pipelines.checks.rules import Problem, rule
from pipelines.definition import COMPLETED, TRIGGERS, Step, references, triggers
from pipelines.wording import alternatives, quote

_GUIDE_URL = "https://docs.aws.amazon.com/sagemaker/latest/dg/"
_SDK_URL = "https://sagemaker.readthedocs.io/en/stable/workflows/pipelines/sagemaker.workflow.pipelines.html"


@rule("D031", "Steps do not wait for each other", f"{_GUIDE_URL}pipelines-overview.html")
def acyclic(analysis: Analysis) -> Iterator[Problem]:
    """The dependencies form no cycle."""
    by_name = analysis.steps_by_name
    waits_for = {name: sorted(_waits_for(analysis, step)) for name, step in by_name.items()}
    reported: set[str] = set()
    for name, step in by_name.items():
        cycle = _shortest_cycle(name, waits_for)
        if cycle and not reported & set(cycle):
            yield Problem(
                step.pointer,
                f"Steps wait for each other: {' -> '.join(cycle)}, each for the next. Remove one "
                "of these dependencies.",
            )
            reported.update(cycle)


def _shortest_cycle(start: str, waits_for: Mapping[str, list[str]]) -> list[str]:
    """The shortest way from a step back to itself; empty where there is none."""
    paths = deque([[start]])
    seen: set[str] = set()
    while paths:
        path = paths.popleft()
        for name in waits_for[path[-1]]:
            if name == start:
                return [*path, name]
            if name not in seen:
                seen.add(name)
                paths.append([*path, name])
    return []


def _waits_for(analysis: Analysis, step: Step) -> set[str]:
    """The steps that a step waits for, itself included where it refers to itself.

    References that lead nowhere do not count: they are mistakes of another kind.
    """
    read = {
        str(use.reference.segments[1])
        for use in analysis.uses
        if use.reader is step
        and use.reference.segments[0] == "Steps"
        and isinstance(resolve(analysis, use), Target)
    }
    named = {name for _, name in depends_on(step) if name in analysis.steps_by_name}
    return read | named | ({step.branch[0]} if step.branch is not None else set())


@rule(
    "D032",
    "Steps of a branch are read only where the branch runs",
    f"{_SDK_URL}#conditionstep",
)
def same_branch(analysis: Analysis) -> Iterator[Problem]:
    """A step outside a branch would wait for something that may never run."""
    for step in analysis.steps_by_name.values():
        inside = _branches(analysis.steps_by_name, step)
        for name in sorted(_waits_for(analysis, step)):
            target = analysis.steps_by_name[name]
            lacking = _branches(analysis.steps_by_name, target).items() - inside.items()
            # A condition that reads its own branch is a cycle.
            lacking = {(condition, taken) for condition, taken in lacking if condition != step.name}
            if lacking:
                condition, taken = sorted(lacking)[0]
                place = "in the other branch" if condition in inside else "outside that branch"
                yield Problem(
                    _pointer(step, name),
                    f"Step '{step.name}' waits for step '{name}', which runs only when condition "
                    f"'{condition}' is {str(taken).lower()}; '{step.name}' stands {place}.",
                )


def _branches(by_name: Mapping[str, Step], step: Step) -> dict[str, bool]:
    """The conditions that must have been decided for a step to run, and how."""
    found: dict[str, bool] = {}
    branch = step.branch
    while branch is not None and branch[0] not in found:
        found[branch[0]] = branch[1]
        branch = by_name[branch[0]].branch
    return found


def _pointer(step: Step, name: str) -> str:
    """Where a step names another one."""
    for reference in references(step.own, step.pointer):
        if reference.segments[:2] == ("Steps", name):
            return reference.pointer
    return next((pointer for pointer, entry in depends_on(step) if entry == name), step.pointer)


@rule(
    "D033",
    "Conditions are not nested",
    f"{_GUIDE_URL}build-and-manage-steps-types.html#step-type-condition",
)
def flat_conditions(analysis: Analysis) -> Iterator[Problem]:
    """The service takes no condition step inside the branch of another one."""
    for step in analysis.of_type("Condition"):
        if step.branch is not None:
            yield Problem(
                step.pointer,
                f"Condition '{step.name}' stands in a branch of condition '{step.branch[0]}'. "
                "Combine their conditions, or move it out of the branch.",
            )


@rule(
    "D034",
    "Dependencies name a known outcome",
    "https://github.com/aws/sagemaker-python-sdk/blob/master/sagemaker-mlops/src/sagemaker/mlops/workflow/step_dependency.py",
)
def known_trigger(analysis: Analysis) -> Iterator[Problem]:
    """An entry of `DependsOn` may say which outcome of the other step it waits for."""
    for step in analysis.steps:
        for index, entry in enumerate(step.body.get("DependsOn", [])):
            if isinstance(entry, dict) and entry.get("Trigger", COMPLETED) not in TRIGGERS:
                trigger = entry["Trigger"]
                yield Problem(
                    f"{step.pointer}/DependsOn/{index}/Trigger",
                    f"Step '{step.name}' waits for outcome {quote(trigger)} of step "
                    f"'{entry['Step']}'. {alternatives(str(trigger), TRIGGERS, 'Outcomes')}",
                )


@rule(
    "D035",
    "Nothing waits for a Fail step",
    f"{_GUIDE_URL}build-and-manage-steps-types.html#step-type-fail",
)
def nothing_after_the_end(analysis: Analysis) -> Iterator[Problem]:
    """A Fail step ends the execution, so that what waits for it would never run."""
    for step in analysis.steps:
        for pointer, name in depends_on(step):
            other = analysis.steps_by_name.get(name)
            if other is not None and other.type == "Fail" and other is not step:
                yield Problem(
                    pointer,
                    f"Step '{step.name}' waits for '{name}', a Fail step, which ends the "
                    "execution; expected the step that fails before it.",
                )


@rule(
    "D036",
    "What runs on another outcome than success reads nothing of that step",
    f"{_GUIDE_URL}build-and-manage-steps.html#build-and-manage-data-dependency",
)
def nothing_of_a_failure(analysis: Analysis) -> Iterator[Problem]:
    """A reference waits for the success of the step that it reads."""
    for use in analysis.uses:
        step, reference = use.reader, use.reference
        if step is None or reference.segments[0] != "Steps":
            continue
        name = str(reference.segments[1])
        trigger = triggers(step).get(name, COMPLETED)
        is_other = trigger in TRIGGERS and trigger != COMPLETED
        if is_other and isinstance(resolve(analysis, use), Target):
            yield Problem(
                reference.pointer,
                f"Step '{step.name}' waits for outcome '{trigger}' of step '{name}' and reads "
                f"'{reference.text}', which waits for its success.",
            )
