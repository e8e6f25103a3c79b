"""See build_tools_shipped.md."""

import dataclasses
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Problem,
    Severity,
    Stage,
    quote,
    rule,
)
from rules.packages.build_tools.comments import is_said_needed, is_said_wanted, without_purpose
from rules.packages.build_tools.compilers import COMPILER, shipped_before
from rules.packages.build_tools.compiling_starts import compiles, names_compiler
from rules.packages.build_tools.packages import (
    BuildPackages,
    build_packages,
    compiles_after,
    compiles_behind,
    compiles_itself,
    compiles_upon,
    is_language_toolkit,
    megabytes,
)
from rules.packages.build_tools.recommended import recommended_too, recommender, without_needed
from rules.packages.build_tools.removals import removed_beside, stays_besides, weightier_part
from rules.packages.libraries.behind_headers import KITS, libraries
from rules.packages.libraries.headers import is_headers_only
from rules.packages.lost.held import held_before
from rules.purpose import builds_at_run_time, is_for_development, is_workbench
from rules.quoting import listed
from rules.user.root.start_scripts import start_scripts


@rule(
    "build-tools-shipped",
    severity=Severity.WARNING,
    category=Category.SIZE,
    keywords=("RUN",),
    mentions=("apt", "apk", "dnf", "yum"),
    aliases=("DF011",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A shipped layer holds compilers, build systems or headers."""
    for each in build_packages(change):
        found = without_needed(_removed_later(change, each) if builds_at_run_time(change, each.stage) else each)
        if not found.heavy or is_headers_only(found):
            continue
        now, stage = change.as_it_ships_now(found.stage)
        if _compiles_when_it_runs(found, stage):
            continue
        if is_said_wanted(found):
            continue
        scripts = start_scripts(now, stage)
        if any(compiles(script.text) for script in scripts if script.text is not None) or names_compiler(now, stage):
            continue
        unread = next((script.name for script in scripts if script.text is None), None)
        held = held_before(change, found.stage)
        fresh = [name for name in change.fresh("build-tools-shipped", found.stage, found.heavy) if name not in held]
        told = _told(found.only(fresh) if 0 < len(fresh) < len(found.heavy) else found)
        problem = _problem(told, found, unread=unread, held=not fresh or shipped_before(change, told))
        beside = _holds_compiler(found) and not _holds_compiler(told)  # nobody splits a build for headers alone then
        yield dataclasses.replace(problem, confidence=Confidence.POSSIBLE) if beside else problem


def _removed_later(change: DockerfileChange, found: BuildPackages) -> BuildPackages:
    """Leave those that a later layer removes by name: with them no container builds, whatever the image is for."""
    removed = [item.name for item in found.items if item.is_removed_by_name]
    return found.only([] if is_for_development(change, found.stage) else removed)


def _told(found: BuildPackages) -> BuildPackages:
    """Leave out those of which a comment gives a purpose, and a JDK, where others are a reason to speak."""
    told = found.only([name for name in without_purpose(found) if not name.startswith(_JDK)])
    return told if told.heavy and told.items != found.items else found


_JDK = ("openjdk", "default-jdk", "java-")
"""Packages that run Java as well, of which a file seldom tells whether anything in the image is."""


_COMPILING_LIBRARIES = frozenset(
    "torch triton vllm deepspeed xformers flash-attn tensorflow jax sglang theano pytensor pymc cmdstanpy pystan "
    "prophet".split()
)
"""Python packages that call a C compiler while the program runs."""


def _compiles_when_it_runs(found: BuildPackages, stage: Stage) -> bool:
    """Whether the program may call the compiler: for kernels of CUDA or modules of Linux's, for R's packages."""
    if _holds_compiler(found) and stage.packages.has("kmod", "dkms"):
        return True
    base = (stage.root.base_text or "").lower()
    if any(mark in base for mark in ("cuda", "pytorch", "rocm", "tensorflow", "rocker/", "r-base", "jupyter")):
        return True
    return any(item.name.lower() in _COMPILING_LIBRARIES for item in stage.packages.present)


def _holds_compiler(found: BuildPackages) -> bool:
    """Whether something can be compiled with them: headers alone do nothing."""
    return any(COMPILER.match(name) for name in found.names)


def _problem(found: BuildPackages, every: BuildPackages, *, unread: str | None, held: bool) -> Problem:
    """Speak of packages; `every` are those of the RUN, the ones that were there before the change included.

    Where nothing in the build compiles, they are there for a start script that was not read, or for nothing.
    """
    item, whole = found.items[0], found is every
    left_over = item.removed_by is None and not compiles_after(found.stage, found.run)
    if left_over:
        found = found.only([name for name in found.names if name not in _DEBUGGERS])
        item = found.items[0]
    part = weightier_part(found)
    message, confidence = _said(part, unread, left_over=left_over)
    return Problem(
        item.call.command.span if whole else item.package.word.span,
        f"{message}{stays_besides(found, part)}{recommended_too(part)}",
        confidence,
        doubt="the program may call them when it runs",
        stage=found.stage.key,
        items=every.heavy,
        held_before=held,
        cause=f"{found.stage.key} in one stage" if _holds_compiler(found) else "",
    )


def _said(found: BuildPackages, unread: str | None, *, left_over: bool) -> tuple[str, Confidence]:
    """Return what is said of packages, and how sure it is; `left_over` where nothing in the stage compiles."""
    names = f"{listed(map(quote, found.names))}{_weight(found)}"
    for_the_script = bool(unread) and left_over and _holds_compiler(found)
    needed = _holds_compiler(found) and is_said_needed(found)
    for_the_program = left_over and (needed or all(map(is_language_toolkit, found.names)))
    caller = quote(unread) if unread else "the program"
    question = _question(found, caller if for_the_script or for_the_program else None)
    if question is not None:
        verb, rest = question
        return f"{found.stage.label} {verb} {names}, and {rest}", Confidence.POSSIBLE
    if _is_for_libraries(found):
        return _headers(found), Confidence.POSSIBLE if _may_be_wanted(found) else Confidence.LIKELY
    if _may_be_wanted(found):
        return f"{found.stage.label} {_asked(found, names)}", Confidence.POSSIBLE
    way_out = f"{_why_still_there(found)} {_way_out(found)}"
    message = f"{found.stage.label} ships packages that only a build needs: {names}. {way_out}"
    return message, Confidence.POSSIBLE if for_the_script else _confidence(found)


def _may_be_wanted(found: BuildPackages) -> bool:
    """Whether what they are there for cannot be known.

    The base is one that nobody knows, and may bring them already, a comment gives them a purpose, or the image is a
    place to work in. What a layer holds that a later one removes is no question.
    """
    if found.items[0].removed_by is not None:
        return False
    runs = all(name.startswith(_JDK) for name in found.names)
    purpose = not found.only(without_purpose(found)).heavy
    return runs or purpose or not found.stage.base_known or is_workbench(found.stage)


def _asked(found: BuildPackages, names: str) -> str:
    """Ask after packages that the container may need: nothing is said of purging, which would take what it needs."""
    brought = libraries(found)
    needs = f", and install by name what the program needs: {brought}" if brought else ""
    builders = _builders_upon(found)
    where = f"install them in {listed([stage.label for stage in builders])} alone" if builders else ""
    way_out = where or "build in an earlier stage and copy the result"
    return (
        f"installs packages that serve builds: {names}. If the container compiles nothing when it runs, "
        f"{way_out}{needs}."
    )


def _confidence(found: BuildPackages) -> Confidence:
    """Say it quietly where the image compiles as the builder upon the same stage does.

    What a program calls when it runs is not seen; what a layer holds that a later one removes is sure.
    """
    if compiles_itself(found.stage) and _builders_upon(found):
        return Confidence.POSSIBLE
    return Confidence.CERTAIN if found.items[0].removed_by is not None and found.stage.base_known else Confidence.LIKELY


def _question(found: BuildPackages, caller: str | None) -> tuple[str, str] | None:
    """Return what the image does with packages and what is asked, where they may be there for what the image runs."""
    if caller is not None and not compiles_upon(found):
        it = "them" if len(found.names) > 1 else "it"
        many = any("-multilib" in name for name in found.names) and found.items[0].manager == "apt"
        smaller = " 32-bit programs run with `libc6-i386` and `lib32stdc++6` alone." if many else ""
        return "ships", (
            f"nothing in the build compiles with {it}. If {caller} does not either, leave {it} out.{smaller}"
        )
    beside = removed_beside(found) if _holds_compiler(found) else None
    return ("keeps", beside) if beside is not None else None


_DEBUGGERS = frozenset("gdb strace ltrace perf valgrind".split())
"""What people look into a running program with; where nothing is built, it is there for that."""


def _is_for_libraries(found: BuildPackages) -> bool:
    """Whether headers alone are installed where nothing compiles: for the libraries that come with them."""
    headers = all(name.endswith(("-dev", "-devel")) and not KITS.match(name) for name in found.names)
    gone = any(item.removed_by is not None for item in found.items)
    return headers and not gone and not compiles_upon(found)


def _headers(found: BuildPackages) -> str:
    serve = "serve" if len(found.names) > 1 else "serves"
    return (
        f"{found.stage.label} ships headers: {listed(map(quote, found.names))} {serve} compiling only, and nothing is "
        f"compiled here after the install. Install the libraries in their place: "
        f"{libraries(found, 'the packages that these bring along')}."
    )


def _weight(found: BuildPackages) -> str:
    saved = megabytes(found.weight)
    if not saved or recommender(found) is not None:
        return ""
    return f", {'at least' if not found.items[0].call.no_recommends else 'about'} {saved} MB with what they pull in"


def _why_still_there(found: BuildPackages) -> str:
    removed_by = found.items[0].removed_by
    if removed_by is None:
        return "At run time they are dead weight, more to patch, and a workshop for whoever breaks in."
    gone = dict.fromkeys(quote(item.name) for item in found.items if item.removed_by is removed_by)
    line, it = removed_by.command.line, "them" if len(gone) > 1 else "it"
    if not all(item.is_removed_by_name for item in found.items if item.removed_by is removed_by):
        return f"What line {line} removes, the layer above still holds: nothing gets smaller."
    names = "them" if _FEW < len(gone) == len(found.names) else listed(gone)
    return f"Line {line} removes {names} again, but the layer above still holds {it}: nothing gets smaller."


_FEW = 3
"""More names than these are not said twice."""


def _way_out(found: BuildPackages) -> str:
    manager, program = found.items[0].manager, found.items[0].call.program
    brought = libraries(found)
    needs = f"install by name what the program needs: {brought}"
    if manager == "apk":
        remove = "delete them in the same `RUN`: `apk add --virtual .build-deps …` and `apk del .build-deps`"
    else:
        command = "apt-get purge -y --auto-remove" if manager == "apt" else f"{program} remove -y"
        remove = f"{quote(command)} them in the same `RUN`"
    if compiles_behind(found.stage, found.run):
        remove = f"install, build and {remove.replace('in the same', 'in one')}"
    builders = _builders_upon(found)
    if builders and not compiles_itself(found.stage):
        here = f"; here {needs}" if brought else ""
        names = listed([stage.label for stage in builders])
        build = "builds" if len(builders) == 1 else "build"
        return f"Install them in {names}, which {build} on the same stage, and not here{here}."
    if _is_built_on_elsewhere(found):
        return f"Build in an earlier stage and copy the result{f'; here {needs}' if brought else ''}."
    either_way = f"; either way {needs}" if brought else ""
    return f"Build in an earlier stage and copy the result, or {remove}{either_way}."


def _is_built_on_elsewhere(found: BuildPackages) -> bool:
    """Whether a stage that does not ship, upon the one that installs them, may compile with them: it needs them."""
    installer = found.run.stage
    return any(
        installer in stage.chain and stage not in found.stage.chain and compiles_itself(stage)
        for stage in found.stage.model.stages
    )


def _builders_upon(found: BuildPackages) -> tuple[Stage, ...]:
    """Return the stages upon the one that installs them that do not ship and may compile with them.

    Of each branch it is the first that may compile, or the one that gives what it made to the image. There are none
    where the stage that installs them compiles with them itself.
    """
    installer = found.run.stage
    if compiles_after(installer, found.run):
        return ()
    given = {copy.from_stage.index for copy in found.stage.all_copies if copy.from_stage is not None}
    builders: dict[int, Stage] = {}
    for stage in found.stage.model.stages:
        if installer not in stage.chain or stage is installer or stage in found.stage.chain:
            continue
        between = [one for one in stage.chain if one not in found.stage.chain]
        first = next((one for one in between if compiles_itself(one)), stage if stage.index in given else None)
        if first is not None:
            builders[first.index] = first
    return tuple(builders.values())
