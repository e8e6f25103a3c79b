"""What the repository says of root behind the image: compose files that run it so, programs for eBPF."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.model.lineage import built_as
from rules.model.steps import Copy
from rules.quoting import quote
from rules.repository.composes import IS_COMPOSE, with_defaults
from rules.repository.services import OF_ROOT, image_name
from rules.user.root.clusters import started_with_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.change import DockerfileChange
    from rules.model.stage import Stage
    from rules.repository.builds import Build

_BPF_TARGET = re.compile(r"(?:-target|--target)[ =]bpf(?:el|eb)?\b|\bbpf2go\b")
_BPF_PACKAGES = (
    "libbpf libbpf-dev libbpf-devel libbpf0 libbpf1 bpftool bpftrace bpfcc-tools python3-bpfcc bcc-tools libbpf-tools"
).split()
_BPF_MODULES = {
    "go.mod": re.compile(
        r"(?m)^[ \t]*(?:require[ \t]+)?github\.com/(?:cilium/ebpf|aquasecurity/libbpfgo|iovisor/gobpf)[ \t]+v\S+[ \t]*$"
    ),
    "Cargo.toml": re.compile(r"(?m)^(?:aya|libbpf-rs|redbpf)[ \t]*[.=]|^\[dependencies\.(?:aya|libbpf-rs|redbpf)\]"),
    "Makefile": _BPF_TARGET,
}
"""Manifests whose project loads programs into the kernel by itself: what it needs directly, not what others need."""
_BUILDERS = {"go.mod": ("go", "make", "mage", "just"), "Cargo.toml": ("cargo", "make"), "Makefile": ("make",)}


STARTS_UNKNOWN = "nothing in the file says what the container starts"
"""The doubt about root in an image whose program is not known."""


def says_what_starts(stage: Stage) -> bool:
    """Tell whether the file, or a base that is no prompt, says what the container starts."""
    return any(
        setting.set_in_file or (setting.value is not None and not setting.value.is_prompt)
        for setting in stage.image.start_command
    )


def root_may_be_meant(stage: Stage) -> str:
    """Return the doubt where something speaks for root: what starts may need it, where that is more than a prompt."""
    programs = any(one.value is not None and not one.value.is_prompt for one in stage.image.start_command)
    return "what it starts may need root" if programs else STARTS_UNKNOWN


def run_as_root(change: DockerfileChange, stage: Stage) -> str | None:
    """Return what a compose file says of root for this image, as half a sentence without a full stop; `None`: nothing.

    A service is this image's where it builds it, or names the image that a file of the repository builds of it.
    """
    repository = change.repository
    if not repository.services:
        return None
    names = {image_name(image) for build in change.builds_of(stage) for image in build.images} - {""}
    for service in repository.services:
        named = service.dockerfile is None and image_name(service.image) in names
        if named or (service.dockerfile == change.path and built_as(stage.model, service.target) is stage):
            return f"{quote(service.path)} (line {service.line}) runs it with {quote(service.setting)}{service.why}"
    return None


def started_as_others(change: DockerfileChange, stage: Stage) -> Build | None:
    """Return a service that builds the image and starts it as an ordinary account, where each that builds it does so.

    Services for developers tell nothing; a variable without a default is taken for an account.
    """
    builds = (build for build in change.builds_of(stage) if IS_COMPOSE.search(build.path))
    services = [build for build in builds if not build.development]
    sure = all(build.user and OF_ROOT.fullmatch(with_defaults(build.user)) is None for build in services)
    return services[0] if services and sure else None


def started_so(change: DockerfileChange, stage: Stage) -> str:
    """Say which file starts the image as an ordinary account, a sentence; empty where none is known to.

    That is a compose file, in each service that builds it, or a cluster's manifest by `runAsUser`.
    """
    service, cluster = started_as_others(change, stage), started_with_number(change)
    if service is not None:
        path, setting = service.path, f"user: {service.user}"
    elif cluster is not None:
        path, setting = cluster[0], f"runAsUser: {cluster[1]}"
    else:
        return ""
    return f"{quote(path)} starts it with {quote(setting)}; wherever else it runs, it is root."


ELSEWHERE_UNKNOWN = "how it runs anywhere else is not in the repository"
"""The doubt about root in an image that a service starts as an ordinary account."""


def loads_bpf(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether the image's program loads programs into the kernel, which takes root (bpf(2), `CAP_BPF`)."""
    stages = [stage, *(step.from_stage for step in stage.done_steps if isinstance(step, Copy) and step.from_stage)]
    if any(one.packages.has(*_BPF_PACKAGES) for one in stages):
        return True
    runs = [run for one in stages for run in one.done_runs]
    if any("bpf" in run.instruction.text and _BPF_TARGET.search(run.instruction.text) for run in runs):
        return True
    manifests = [name for name, text in _manifests(change) if _BPF_MODULES[name].search(text)]
    return any(run.calls(*_BUILDERS[name]) for name in manifests for run in runs)


def _manifests(change: DockerfileChange) -> Iterator[tuple[str, str]]:
    """Yield the manifests of the build context, each with its text."""
    for name in _BPF_MODULES:
        path = change.repository.in_context(change.path, name)
        text = change.repository.text(path) if path is not None else None
        if text is not None:
            yield name, text
