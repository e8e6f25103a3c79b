"""See system_path_workdir_volume.md."""

from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Instruction, Problem, Severity, Stage, quote, rule, within
from rules.user.layers import shipped_steps
from rules.user.root_by_design import is_no_service

_KERNEL = ("/proc", "/sys", "/dev")
_SHARED = ("/dev/shm", "/sys/fs/cgroup")  # noqa: S108 - paths of an image
"""Shared memory, and what systemd in a container is given by the host."""
_SYSTEM = frozenset(
    "/ /bin /boot /dev /etc /lib /lib32 /lib64 /proc /sbin /sys /usr /usr/bin /usr/lib /usr/lib64 /usr/local "
    "/usr/local/bin /usr/local/lib /usr/sbin /usr/share /var /var/lib".split()
)
_NO_FOLDER_TO_WORK_IN = frozenset(
    "/bin /boot /etc /lib /lib32 /lib64 /sbin /usr/bin /usr/lib /usr/lib64 /usr/sbin".split()
)


@rule(
    "system-path-workdir-volume",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("WORKDIR", "VOLUME"),
    aliases=("DS-0030", "DKL-DI-0002"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A `WORKDIR` or `VOLUME` lies on a folder of the system."""
    for stage, step in shipped_steps(change):
        instruction = step.instruction
        if stage.runtime.is_windows:
            continue
        if instruction.keyword == "WORKDIR":
            path = step.resolve(step.scope.expand(instruction.value))
            ends_here = stage.image.workdir.instruction is instruction
            if path is not None and (_is_kernel(path) or (ends_here and path in _NO_FOLDER_TO_WORK_IN)):
                yield _workdir(stage, instruction, path)
        elif instruction.keyword == "VOLUME":
            for word in instruction.exec_form or instruction.words:
                path = step.resolve(step.scope.expand(word.text))
                if path is not None and (_is_kernel(path) or path in _SYSTEM):
                    yield _volume(stage, instruction, path)


def _is_kernel(path: str) -> bool:
    return any(within(path, folder) for folder in _KERNEL) and not any(within(path, folder) for folder in _SHARED)


def _workdir(stage: Stage, instruction: Instruction, path: str) -> Problem:
    kernel = _is_kernel(path)
    then = (
        "The container runtime mounts its own files there when it starts, so what the build puts into it is gone. "
        "Use a folder of its own, such as `/app`."
        if kernel
        else "Files that the process writes by a relative name land among the system's own, and it needs the "
        "right to write there. Work in a folder of its own, such as `/app`; what is meant below "
        f"{quote(path)} by a relative name then needs its whole path."
    )
    return Problem(
        instruction.span,
        f"{stage.label} works in {quote(path)}, a folder of the system. {then}",
        Confidence.CERTAIN
        if kernel or not is_no_service(stage)
        else Confidence.POSSIBLE,  # a shell may well start there
        stage=stage.key,
        key=path,
    )


def _volume(stage: Stage, instruction: Instruction, path: str) -> Problem:
    then = (
        "The kernel's files live there; a volume over them hides them or hands them to whoever mounts it."
        if _is_kernel(path)
        else "Docker copies the folder into a new volume when the container first starts and keeps that copy: later "
        "versions of the image bring updates of the system that the container never sees."
    )
    return Problem(
        instruction.span,
        f"{stage.label} declares a volume on {quote(path)}, a folder of the system. {then} "
        "Name the one folder below that holds data.",
        stage=stage.key,
        key=path,
    )
