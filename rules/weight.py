"""How much a problem weighs: its severity under a policy, and whether it is worth a comment of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lazily import once
from rules.model.audience import is_set_aside
from rules.problem import Category, Severity
from rules.purpose import is_for_developers, is_made_for_developers

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.matching.fingerprint import Raised
    from rules.model.model import Model
    from rules.policy import Policy

_MINOR_FOR_DEVELOPERS = frozenset({Category.SIZE, Category.MAINTAINABILITY})
"""What matters to whoever ships an image, and little to those who try their work in it."""
_OF_THE_BUILD = _MINOR_FOR_DEVELOPERS | {Category.REPRODUCIBILITY, Category.BUILD_CACHE}
"""What an instruction does by itself, wherever it stands; a change elsewhere seldom brings it about."""


def severity(raised: Raised, policy: Policy) -> Severity:
    """Return what the policy says of the rule, else what the rule says of the problem."""
    chosen = policy.rules.get(raised.rule.id)
    if isinstance(chosen, Severity):
        return chosen
    own = raised.problem.severity
    lowered = own is not None and raised.rule.default == "info"
    return min(own, raised.rule.severity) if lowered and own is not None else own or raised.rule.severity


def is_minor(raised: Raised, policy: Policy, change: DockerfileChange) -> bool:
    """Tell whether a problem is too small for a comment of its own; never where the policy names its rule, or fails.

    What only makes an image bigger or harder to maintain is minor where it is for developers, or in an archive or what
    comes from somebody else, and so is every remark; a remark on versions is so wherever people only work with it.
    So is what concerns the build's result alone (size, cache, versions) on an instruction that the change leaves as it
    was: most often something else has hidden it before.
    """
    weighs = severity(raised, policy)
    if raised.rule.id in policy.rules or (policy.fail_on is not None and weighs >= policy.fail_on):
        return False
    of_shipping = weighs is Severity.INFO or raised.rule.category in _MINOR_FOR_DEVELOPERS
    stops = weighs is Severity.ERROR  # as a stage's number does that a stage put in above has shifted
    if raised.rule.category in _OF_THE_BUILD and not stops and _is_left_alone(raised, change):
        return True
    return raised.problem.minor or (of_shipping and _is_for_developers(raised, change))


def _is_left_alone(raised: Raised, change: DockerfileChange) -> bool:
    """Whether the problem is of an instruction that stands letter for letter in the old file."""
    if raised.rule.compares or raised.instruction is None or change.before is None:
        return False
    return raised.instruction.text in _texts(change.before)


@once
def _texts(model: Model) -> frozenset[str]:
    return frozenset(instruction.text for instruction in model.dockerfile.instructions)


def _is_for_developers(raised: Raised, change: DockerfileChange) -> bool:
    """Whether nobody ships the image, or works on it; of a version that a build takes, whether it is to work with."""
    stage = next((stage for stage in change.stages if stage.key == raised.problem.stage), None)
    if is_set_aside(change.path):
        return True
    if stage is None:
        return change.is_for_developers
    of_versions = raised.rule.category is Category.REPRODUCIBILITY
    return is_for_developers(change, stage) or (of_versions and is_made_for_developers(change, stage))
