"""See nginx_configuration_misplaced.md.

nginx's "Core functionality" and "Module ngx_http_core_module" say in which context a directive stands; the official
image's `nginx.conf` includes `conf.d/*.conf` within `http` (nginx/docker-nginx).
"""

import posixpath
import re
from collections.abc import Iterator

from rules.api import Category, Confidence, Copy, DockerfileChange, Problem, Put, Severity, Stage, quote, rule, within
from rules.packages.projects.files import in_repository
from rules.repository.other_starts import runs_otherwise
from rules.runtime.ports.nginx_text import INCLUDED, MAIN, directives, is_included

_IMAGE = re.compile(r"(?:^|/)(?:nginx|nginx-unprivileged)(?=[:@]|$)")
_OF_MAIN = frozenset({"events", "http", "worker_processes", "worker_rlimit_nofile", "daemon", "master_process"})
"""Directives that stand outside all blocks alone."""
_OF_HTTP = frozenset({"server", "location", "upstream", "root", "listen", "proxy_pass", "server_name"})
"""Directives that stand within `http` or deeper."""


@rule(
    "nginx-configuration-misplaced",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY", "ADD"),
    mentions=("/etc/nginx",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A whole configuration of nginx is put where a part of one belongs, or the other way round."""
    mounted = {path for build in change.repository.builds_of(change.path) for path in build.mounts}
    for stage in change.after.shipped:
        if not _IMAGE.search(stage.root.base_text or "") or _names_another(stage):
            continue
        if runs_otherwise(change.repository, stage):
            continue
        for put in stage.files.puts:
            found = _misplaced(change, stage, put) if put.kind == "context" and isinstance(put.step, Copy) else None
            if found is not None and not any(within(put.path, path) for path in mounted):
                yield _problem(stage, put, *found)


def _names_another(stage: Stage) -> bool:
    """Whether the container may start nginx with another file: an option, or a program that is not nginx."""
    starts = [setting.value.text for setting in stage.image.start_command if setting.value and setting.set_in_file]
    return any("-c" in text.split() or "conf" in text or ".sh" in text for text in starts)


def _misplaced(change: DockerfileChange, stage: Stage, put: Put) -> tuple[str, str] | None:
    """Return the file, and the directive that nginx does not allow where it is put."""
    if put.tree and posixpath.splitext(put.path)[1] != ".conf":
        return None
    is_main, included = put.path == MAIN, is_included(put.path)
    if not is_main and not included:
        return None
    others = [one for one in stage.files.covering(put.path) if one.step is not put.step and one.kind != "workdir"]
    later = any(one.step.at > put.step.at for one in others)
    replaced = included and any(one.path == MAIN for one in stage.files.puts)
    path = in_repository(change, put.source)
    text = change.repository.text(path) if path is not None else None
    if path is None or text is None or later or replaced:
        return None
    names = [one.words[0] for one in directives(text) if one.depth == 0]
    if is_main and ("events" in names or "include" in names):
        return None
    wrong = next((name for name in names if name in (_OF_HTTP if is_main else _OF_MAIN)), None)
    return (path, wrong) if wrong is not None else None


def _problem(stage: Stage, put: Put, path: str, wrong: str) -> Problem:
    is_main = put.path == MAIN
    place = "is read outside all blocks" if is_main else "is read within `http`"
    what = "a part, to be included" if is_main else "a whole configuration"
    right = f"{INCLUDED}/default.conf" if is_main else MAIN
    return Problem(
        put.step.instruction.span,
        f"{stage.label} puts {quote(path)} at {quote(put.path)}, which {place}. The file is {what}: it begins with "
        f'{quote(wrong)}, and nginx stops at the start: “"{wrong}" directive is not allowed here”. Copy it to '
        f"{quote(right)}.",
        Confidence.LIKELY,
        doubt="another file may take its place when the container starts",
        instruction=put.step.instruction,
        stage=stage.key,
        key=put.path,
    )
