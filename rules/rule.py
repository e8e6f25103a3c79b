"""The rule decorator: metadata beside a function from a change to problems."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rules.problem import Category, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rules.change import DockerfileChange
    from rules.problem import Problem

Check = "Callable[[DockerfileChange], Iterable[Problem]]"
Default = Literal["on", "info", "off", "config"]


@dataclass(frozen=True)
class Rule:
    """A rule and what is known about it without running it.

    Attributes:
        id: Kebab-case, named after what is wrong.
        check: The function.
        severity: Unless the policy says otherwise. A rule whose default is `info` has severity INFO.
        category: What it endangers.
        since: The release that brought it.
        default: `on`, `info`, `off` (until enabled), or `config` (needs a value in the policy).
        compares: Whether it needs the file as it was: such a rule speaks about the change itself, so everything it
            finds is new.
        keywords: Instructions of which a file must hold at least one for the rule to have anything to say; empty
            means any file. Saves time, never changes the answer.
        mentions: Texts of which the file must hold at least one, in lower case; empty means any file. The same. The
            likeliest stand first: with the first that is found the search ends.
        aliases: Ids of other tools' rules for the same thing: `DL3006`, `CKV_DOCKER_7`, `DS-0001`, `StageNameCasing`.
        title: First line of the function's docstring.
    """

    id: str
    check: Callable[[DockerfileChange], Iterable[Problem]]
    severity: Severity
    category: Category
    since: str
    default: Default
    compares: bool
    keywords: frozenset[str]
    mentions: tuple[str, ...]
    aliases: tuple[str, ...]
    title: str

    @property
    def module(self) -> str:
        """The Python module that holds it: `rules.runtime.entrypoint_lost`."""
        return self.check.__module__

    @property
    def family(self) -> str:
        """The folder it lives in: `runtime`."""
        return self.module.split(".")[-2]

    @property
    def manual(self) -> str:
        """Family and page: `runtime/entrypoint_lost`."""
        return "/".join(self.module.split(".")[-2:])

    @property
    def page(self) -> str:
        """The rule's page, Markdown."""
        from importlib.resources import files  # noqa: PLC0415 - only the manual needs it

        package, _, name = self.module.rpartition(".")
        return files(package).joinpath(f"{name}.md").read_text("utf-8")

    def __call__(self, change: DockerfileChange) -> Iterator[Problem]:
        """Run the rule on one changed Dockerfile."""
        yield from self.check(change)


def rule(
    id: str,  # noqa: A002 - what the field is called everywhere
    *,
    severity: Severity,
    category: Category,
    since: str = "0.1.0",
    default: Default = "on",
    compares: bool = False,
    keywords: Iterable[str] = (),
    mentions: Iterable[str] = (),
    aliases: Iterable[str] = (),
) -> Callable[[Callable[[DockerfileChange], Iterable[Problem]]], Rule]:
    """Make a function a rule; see `Rule` for the arguments."""

    def decorate(check: Callable[[DockerfileChange], Iterable[Problem]]) -> Rule:
        title = inspect.getdoc(check) or ""
        return Rule(
            id=id,
            check=check,
            severity=Severity.INFO if default == "info" else severity,
            category=category,
            since=since,
            default=default,
            compares=compares,
            keywords=frozenset(keywords),
            mentions=tuple(mentions),
            aliases=tuple(aliases),
            title=title.partition("\n")[0],
        )

    return decorate
