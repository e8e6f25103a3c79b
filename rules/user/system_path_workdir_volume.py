"""See system_path_workdir_volume.md."""

from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Instruction, Problem, Severity, Stage, quote, rule, within
from rules.user.layers import shipped_steps
from rules.user.root.by_design import is_no_service

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
        if stage.runtime.is_windows or stage.root.is_scratch:
            continue  # upon scratch no folder holds a system's files
        if instruction.keyword == "WORKDIR":
            path = step.resolve(step.scope.expand(instruction.value))
            ends_here = stage.image.workdir.instruction is instruction
            kernel = path is not None and _is_kernel(path) and not _is_volume(stage, path)
            if path is not None and (kernel or (ends_here and path in _NO_FOLDER_TO_WORK_IN)):
                yield _workdir(stage, instruction, path)
        elif instruction.keyword == "VOLUME":
            for word in instruction.exec_form or instruction.words:
                path = step.resolve(step.scope.expand(word.text))
                if path is not None and (path in _SYSTEM or _is_kernels_own(path)):
                    yield _volume(change, stage, instruction, path)


def _is_kernel(path: str) -> bool:
    return any(within(path, folder) for folder in _KERNEL) and not any(within(path, folder) for folder in _SHARED)


def _is_kernels_own(path: str) -> bool:
    """Whether the kernel has files there: in all of /proc and /sys; a folder of /dev may be made for the volume."""
    return _is_kernel(path) and not (within(path, "/dev") and path != "/dev")


def _is_volume(stage: Stage, path: str) -> bool:
    """Whether the file declares a volume there, which is mounted over what the container runtime brings."""
    texts = (i.exec_form or i.words for i in stage.instructions if i.keyword == "VOLUME")
    return any(word.text.rstrip("/") == path for words in texts for word in words)


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
        minor=not kernel,
    )


def _volume(change: DockerfileChange, stage: Stage, instruction: Instruction, path: str) -> Problem:
    kernel = _is_kernel(path)
    then = (
        "The kernel's files live there; a volume over them hides them or hands them to whoever mounts it. Leave the "
        "path out; what a container needs of it is mounted when it starts."
        if kernel
        else "Docker copies the folder into each new volume, and where a volume is kept, as Compose does, it keeps "
        "that copy: later versions of the image bring updates of the system that the container never sees. Name the "
        "folders below it that hold data."
    )
    return Problem(
        instruction.span,
        f"{stage.label} declares a volume on {quote(path)}, a folder of the system. {then}",
        stage=stage.key,
        key=path,
        minor=change.is_for_developers and not kernel,
    )
