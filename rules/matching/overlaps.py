"""One finding per cause: when two rules see the same one, the stronger speaks. This is the only table of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

Scope = Literal["place", "cause", "instruction", "stage", "file"]


class Silence(NamedTuple):
    """What a rule's finding silences.

    Attributes:
        rules: The weaker rules.
        scope: Where: at the very same words, wherever both name the same `Problem.cause`, on the same instruction, in
            the same stage, or in the whole file.
        one_fact: Whether both state the very same fact, so that a comment that silences the weaker rule there settles
            the stronger one too. Not where the stronger one says something that its author may never have seen.
        key: Only where the stronger problem has this key; empty for any.
    """

    rules: frozenset[str]
    scope: Scope
    one_fact: bool = False
    key: str = ""


def _silence(scope: Scope, *rules: str) -> Silence:
    return Silence(frozenset(rules), scope)


def _where(key: str, scope: Scope, *rules: str) -> Silence:
    return Silence(frozenset(rules), scope, key=key)


def _same_fact(scope: Scope, *rules: str) -> Silence:
    return Silence(frozenset(rules), scope, one_fact=True)


SPEAKS_FOR: Mapping[str, tuple[Silence, ...]] = {
    "onbuild-forbidden": (_silence("instruction", "invalid-syntax"),),
    "base-major-jump-contract": (_same_fact("stage", "language-version-excluded"),),
    "newest-release-refused": (_silence("place", "gem-unpinned", "npm-unpinned"),),
    "package-update-lost": (_same_fact("stage", "package-lists-missing"),),
    "base-image-tag-unknown": (_silence("place", "base-image-unpinned"),),
    "base-image-loosened": (
        _same_fact("instruction", "base-image-no-digest", "base-image-unpinned"),
        _same_fact("cause", "user-escalated"),
    ),
    "build-step-lost": (_same_fact("instruction", "copy-from-missing-path"),),
    "build-tools-shipped": (_silence("file", "prefer-multi-stage"), _silence("stage", "cleanup-in-own-layer")),
    "package-cache-left": (_silence("stage", "cleanup-in-own-layer"),),
    "sdk-image-shipped": (
        _silence("file", "prefer-multi-stage"),
        _silence("cause", "multi-stage-collapsed"),
        _same_fact("place", "pack-gpu"),
    ),
    "fetched-file-unreadable": (_silence("instruction", "downloaded-binary-not-executable"),),
    "console-scripts-not-copied": (_same_fact("instruction", "start-tool-missing"),),
    "secret-flows-to-final": (_silence("cause", "secret-file-copied"),),
    "secret-value-literal": (_silence("instruction", "secret-in-arg-or-env"),),
    "password-set-in-image": (_silence("cause", "secret-in-arg-or-env"),),
    "cache-order-regressed": (_same_fact("instruction", "source-copied-before-install"),),
    "named-user-without-passwd": (
        _silence("stage", "user-group-drops-supplementary", "user-name-not-numeric", "user-only-in-builder"),
        _silence("instruction", "became-non-root"),
    ),
    "package-manager-as-non-root": (_silence("stage", "write-as-non-root"),),
    "uid-implicit": (_same_fact("stage", "user-name-not-numeric"),),
    "user-created-unused": (_same_fact("stage", "final-user-missing", "final-user-root"),),
    "user-not-created": (
        _silence("instruction", "became-non-root"),
        _same_fact("instruction", "account-lost"),
        _silence("stage", "ownership-narrowed"),
    ),
    "user-only-in-builder": (_silence("instruction", "became-non-root", "user-name-not-numeric"),),
    "user-escalated": (_same_fact("stage", "final-user-missing", "final-user-root", "user-created-unused"),),
    "cleartext-download": (_silence("cause", "download-without-checksum"),),
    "cmd-ignored": (_silence("instruction", "entrypoint-script-no-exec"),),
    "debug-mode-shipped": (_silence("instruction", "npm-start-as-pid1"),),
    "default-target-changed": (
        _silence(
            "stage",
            "apt-recommends-installed",
            "build-tools-shipped",
            "dev-dependencies-shipped",
            "dev-package-shipped",
            "entrypoint-lost",
            "final-stage-no-command",
            "healthcheck-dropped",
            "package-cache-left",
            "pip-cache-left",
            "uv-cache-left",
        ),
        _silence("file", "stage-unreachable"),
    ),
    "digest-not-renewed": (_silence("stage", "base-family-changed", "base-major-jump-contract"),),
    "multi-stage-collapsed": (
        _silence("file", "prefer-multi-stage"),
        _silence("cause", "build-tools-shipped"),
    ),
    "npm-command-taken": (_silence("instruction", "npm-unpinned"),),
    "npm-script-missing": (_silence("instruction", "npm-start-as-pid1"),),
    "entrypoint-lost": (_same_fact("stage", "final-stage-no-command"),),
    "server-on-loopback": (_same_fact("instruction", "listening-narrowed"),),
    "service-started-in-build": (_silence("instruction", "pointless-command"),),
    "env-lost": (_silence("instruction", "java-options-unread"),),
    "venv-not-on-path": (_silence("cause", "env-lost"),),
    "exec-form-one-word": (
        _silence("instruction", "healthcheck-tool-missing", "start-path-missing", "start-tool-missing"),
    ),
    "exec-form-regressed": (_same_fact("instruction", "shell-form-start"),),
    "exec-form-variable": (_silence("instruction", "npm-start-as-pid1", "start-path-missing", "start-tool-missing"),),
    "binary-not-static-in-scratch": (_silence("stage", "base-family-changed"),),
    "libc-mismatch": (_silence("stage", "base-family-changed"),),
    "malformed-exec-form": (
        _silence(
            "instruction",
            "add-instead-of-copy",
            "cmd-ignored",
            "copy-ignored-file",
            "copy-multi-source-needs-slash",
            "copy-relative-without-workdir",
            "copy-source-outside-context",
            "copy-source-vanished",
            "exec-form-regressed",
            "invalid-syntax",
            "shell-form-start",
            "shell-in-scratch",
            "system-path-workdir-volume",
            "volume-not-owned",
        ),
        _silence("stage", "cmd-ignored"),
    ),
    "shell-in-scratch": (
        _silence(
            "instruction",
            "exec-form-regressed",
            "healthcheck-tool-missing",
            "shell-form-start",
            "start-tool-missing",
        ),
        _silence("cause", "package-lost"),
    ),
    "start-command-doubled": (_silence("stage", "python-env-defaults"),),
    "start-in-background": (
        _silence("instruction", "entrypoint-script-no-exec", "exec-form-regressed", "shell-form-start"),
    ),
    "start-tool-missing": (_silence("instruction", "npm-start-as-pid1"),),
    "start-path-missing": (_silence("instruction", "start-file-absent", "start-tool-missing"),),
    "start-path-moved": (_silence("stage", "start-path-missing"),),
    "target-renamed-reference-stale": (
        _silence("instruction", "copy-from-undefined-stage", "unpinned-copy-from-image", "user-escalated"),
        _silence("file", "stage-unreachable"),
    ),
    "apk-build-deps-left": (_silence("instruction", "build-tools-shipped", "dev-package-shipped"),),
    "dev-dependencies-shipped": (_silence("stage", "env-set-after-use"),),
    "package-install-needs-yes": (_silence("instruction", "cleanup-in-discarded-stage"),),
    "package-installed-twice": (_silence("place", "apt-instead-of-apt-get"),),
    "package-option-misspelt": (
        _silence(
            "instruction",
            "apt-recommends-installed",
            "package-cache-left",
            "package-install-needs-yes",
            "pip-cache-left",
        ),
    ),
    "package-manager-missing": (
        _silence(
            "instruction",
            "apk-build-deps-not-virtual",
            "apt-instead-of-apt-get",
            "apt-recommends-installed",
            "build-tools-shipped",
            "dev-package-shipped",
            "package-manager-as-non-root",
            "package-not-in-release",
            "package-update-alone",
        ),
    ),
    "chmod-as-non-root": (_silence("instruction", "recursive-chown-layer"), _silence("stage", "write-as-non-root")),
    "ownership-narrowed": (
        _silence("instruction", "package-manager-as-non-root"),
        _silence("stage", "copy-root-owned-after-user"),
    ),
    "package-update-alone": (_silence("instruction", "package-cache-left"),),
    "pip-cache-left": (_silence("stage", "cleanup-in-own-layer", "env-set-after-use"),),
    "root-home-needed": (_silence("stage", "venv-not-on-path"),),
    "venv-relocated": (_silence("stage", "venv-not-on-path"),),
    "run-file-not-copied": (_same_fact("instruction", "build-input-lost"),),
    "package-lost": (_silence("cause", "healthcheck-tool-missing", "native-dependency-missing", "start-tool-missing"),),
    "https-without-certificates": (_silence("cause", "package-lost"),),
    "library-lost": (_silence("stage", "linked-library-missing", "native-dependency-missing"),),
    "lockfile-missing": (_same_fact("instruction", "build-input-lost"),),
    "lockfile-not-copied": (_same_fact("instruction", "build-input-lost", "lockfile-missing"),),
    "run-tool-missing": (
        _silence("instruction", "uid-implicit"),
        _silence("cause", "start-tool-missing"),
        _where("sdk", "instruction", "prefer-multi-stage"),
    ),
    "copy-relative-without-workdir": (_silence("instruction", "copy-folders-merged"),),
    "run-folder-moved": (_silence("stage", "run-file-not-copied"),),
    "operator-mistyped": (_silence("instruction", "failure-ignored", "service-started-in-build"),),
    "run-missing-operator": (
        _silence(
            "instruction",
            "curl-no-fail",
            "go-install-unpinned",
            "npm-unpinned",
            "package-cache-left",
            "package-update-alone",
            "pip-unpinned",
            "pipefail-missing",
        ),
        _silence("stage", "account-lost", "folder-lost", "package-lost", "package-update-lost", "user-not-created"),
    ),
    "comment-in-continued-line": (_silence("instruction", "package-cache-left"), _silence("stage", "package-lost")),
    "copy-widened": (_same_fact("instruction", "source-copied-before-install"),),
    "remote-script-piped-to-shell": (
        _silence("place", "package-cache-left", "pipefail-missing"),
        _silence("instruction", "integrity-check-removed"),
    ),
    "dockerignore-loosened": (
        _silence("instruction", "dockerignore-gap", "dockerignore-missing"),
        _silence("cause", "copy-whole-context"),
    ),
    "copy-whole-context": (_silence("instruction", "dockerignore-gap", "dockerignore-missing"),),
    "integrity-check-removed": (
        _same_fact("instruction", "download-without-checksum", "lockfile-not-enforced", "npm-install-not-ci"),
        _same_fact(
            "instruction",
            "cargo-install-unpinned",
            "gem-unpinned",
            "go-install-unpinned",
            "npm-unpinned",
            "pip-unpinned",
        ),
    ),
    "copy-source-outside-context": (_silence("instruction", "add-instead-of-copy"),),
    "copy-from-whole-tree": (_same_fact("instruction", "copy-from-root-filesystem"),),
    "next-static-misplaced": (_silence("instruction", "copy-destination-changed"),),
    "copy-from-missing-path": (_same_fact("instruction", "copy-from-moved"),),
    "copy-lost": (_silence("instruction", "start-path-missing"),),
    "mount-lost": (
        _same_fact("instruction", "run-file-not-copied", "secret-not-mounted"),
        _silence("instruction", "run-tool-missing"),
    ),
    "world-writable-permissions": (_silence("cause", "recursive-chown-layer"),),
    "cd-without-effect": (_same_fact("instruction", "cd-instead-of-workdir"),),
    "copied-then-deleted": (_silence("instruction", "prefer-add-archive"),),
    "stage-name-reserved": (_silence("instruction", "stage-name-casing"),),
    "stopsignal-for-server": (_silence("instruction", "stopsignal-canonical"),),
    "stopsignal-ungraceful": (
        _silence("instruction", "stopsignal-canonical"),
        _silence("stage", "entrypoint-script-no-exec", "npm-start-as-pid1", "shell-form-start"),
    ),
    "env-mixed-form": (_silence("instruction", "legacy-key-value"),),
    "instruction-swallowed": (
        _silence(  # whose fix belongs to the end of the RUN, which is not where it seems
            "instruction",
            "apk-build-deps-left",
            "downloaded-binary-not-executable",
            "package-cache-left",
            "package-update-alone",
            "yarn-cache-left",
        ),
        _where("CMD", "stage", "entrypoint-lost", "final-stage-no-command"),
        _where("ENTRYPOINT", "stage", "entrypoint-lost", "final-stage-no-command"),
        _where("USER", "stage", "final-user-missing", "final-user-root", "user-created-unused", "user-escalated"),
        _where("WORKDIR", "stage", "copy-relative-without-workdir", "folder-lost"),
        _where("COPY", "stage", "copy-lost", "run-file-not-copied", "start-path-missing"),
        _where("ADD", "stage", "copy-lost", "run-file-not-copied", "start-path-missing"),
        _where("ENV", "stage", "env-lost"),
        _where("HEALTHCHECK", "stage", "healthcheck-dropped", "healthcheck-missing"),
        _where("EXPOSE", "stage", "expose-missing", "volume-or-port-contract-changed"),
    ),
    "folder-lost": (_silence("cause", "copy-relative-without-workdir"),),
    "empty-continuation": (_silence("instruction", "invalid-syntax"), _silence("cause", "command-misspelt")),
    "env-value-unquoted": (_silence("instruction", "invalid-syntax"),),
    "env-space-around-equals": (_silence("instruction", "legacy-key-value"),),
    "arg-value-without-equals": (_silence("instruction", "global-arg-unused"),),
    "dockerignore-missing": (_silence("instruction", "modules-overwritten"),),
    "path-holds-url": (_silence("instruction", "workdir-relative"),),
    "inline-ignore-used": (_silence("file", "suppression-added"),),
    "instruction-casing": (_silence("instruction", "from-as-casing"),),
}
"""Rule to what it silences. The reason is always the same: both name one cause, and the first says more of it."""


ONE_MATTER: Mapping[str, str] = {
    "final-user-root": "final-user-missing",
    "dev-package-shipped": "build-tools-shipped",
}
"""Rules that state one fact about two forms of it: what the one found before a change, the other does not find anew."""
