"""Python's installers: pip, uv, pipx, poetry, pipenv, pdm, and conda with its kin.

From pip's, uv's, pipx', Poetry's, Pipenv's, PDM's, conda's and micromamba's command references; names as in PEP 508.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.dockerfile.managers.calls import Manager, Package
from rules.dockerfile.managers.options import OptionTable
from rules.dockerfile.managers.specs import special, version_split
from rules.dockerfile.managers.traits import trait

if TYPE_CHECKING:
    from rules.dockerfile.managers.options import Options
    from rules.dockerfile.shell.words import ShellWord

_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*(?P<version>(?:\(|===?|~=|!=|<=?|>=?)[^;]*)?(?:;.*)?$", re.DOTALL
)
_DIRECT = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*@\s*(?P<rest>\S.*)", re.DOTALL)
_ARCHIVES = (".whl", ".tar.gz", ".zip", ".tar.bz2")
_CONDA_VERSION = re.compile(r"\s*[=<>!~ ]")


def python_package(word: ShellWord) -> Package | None:
    """`name[extra]==1.2; marker`, `name @ url`, `git+https://…`, `./folder`, `file.whl`."""
    value = word.value
    direct = _DIRECT.fullmatch(value)
    if direct is not None:
        target = direct["rest"]
        kind = special(word._replace(value=target), _ARCHIVES)
        return Package(direct["name"], "@" + target, word, "name" if kind is None else kind.kind)
    match = _REQUIREMENT.match(value)
    if match is not None and not value.endswith(_ARCHIVES):
        version = match["version"]
        return Package(match["name"], version.strip() if version else None, word)
    found = special(word, _ARCHIVES)
    if found is not None:
        return found
    if "/" in value:
        return Package(value, None, word, "path")
    name = re.match(r"[A-Za-z0-9][\w.-]*", value)
    return Package(name.group(), value[name.end() :] or None, word) if name else None


def _conda_package(word: ShellWord) -> Package | None:
    """`channel::name=1.2=build`, `name>=1.2`, `name[version=…]`."""
    bare = word._replace(value=word.value.rsplit("::", 1)[-1].split("[", 1)[0])
    found = special(bare, (".conda", ".tar.bz2"))
    return found._replace(word=word) if found else Package(*version_split(bare.value, _CONDA_VERSION), word)


def _project(lock: str) -> tuple[str, str]:
    return ("pyproject.toml", lock)


_PIP_VALUES = (
    "-c --constraint, -e --editable, -t --target, --prefix, --root, -i --index-url, --extra-index-url,"
    " -f --find-links, --trusted-host, --no-binary, --only-binary, --platform, --python-version, --implementation,"
    " --abi, --src, --upgrade-strategy, --global-option, --install-option, --build-option, -C --config-settings,"
    " --cache-dir, --timeout, --retries, --proxy, --cert, --client-cert, --log, --progress-bar, --report,"
    " --exists-action, --root-user-action, --keyring-provider, --python, --use-feature, --use-deprecated,"
    " -w --wheel-dir, -d --dest, --group, --build, -b --build-dir, -o --output, --format"
)
_PIP_KEEPS_NONE = "PIP_NO_CACHE_DIR"
"""pip keeps no cache once this is set, even to `off` or `0` (`_handle_no_cache_dir` in its cmdoptions.py)."""
PIP = Manager(
    "pip",
    OptionTable(
        "-q --quiet, -v --verbose, -U --upgrade, -y --yes, -I --ignore-installed, -h --help, -V --version,"
        " --no-cache --no-cache-dir, --user, --pre, --no-deps, --require-hashes, --no-index, --force-reinstall",
        "-r --requirement, " + _PIP_VALUES,
    ),
    {
        "install": "install",
        "uninstall": "remove",
        "download": "download",
        "wheel": "build",
        "lock": "lock",
        "cache purge": "clean",
        "cache remove": "clean",
    },
    python_package,
    groups=frozenset({"cache"}),
    no_packages=frozenset({"cache purge", "cache remove"}),
    manifest_options=("--requirement", "--constraint"),
    package_options=("--editable",),
    no_cache=trait("--no-cache-dir", present=_PIP_KEEPS_NONE),
    frozen=trait("--require-hashes", "PIP_REQUIRE_HASHES"),
)


def _uv_manifests(verb: str, _options: Options) -> tuple[str, ...]:
    return ("pyproject.toml", "uv.lock") if verb in {"sync", "lock", "export", "run", "add", "remove"} else ()


UV = Manager(
    "uv",
    OptionTable(
        "-q --quiet, -v --verbose, -U --upgrade, -n --no-cache-dir --no-cache, --frozen, --locked, --no-dev, --system,"
        " --no-install-project, --compile --compile-bytecode, --pre, --no-deps, --require-hashes, --reinstall",
        "-r --requirement --with-requirements --requirements, -c --constraint --constraints, -e --editable,"
        " -t --target,"
        " --prefix, -i --index-url, --index, --default-index, --extra-index-url, -f --find-links, --cache-dir,"
        " --config-file, --project, --directory, --link-mode, --extra, --group, --no-group, --only-group, --package,"
        " -p --python, --python-version, --python-platform, --python-preference, --resolution, --prerelease,"
        " --index-strategy, --keyring-provider, -P --upgrade-package, --no-install-package, --no-binary, --only-binary,"
        " --override --overrides, --build-constraint --build-constraints, -b --build, --with, --torch-backend,"
        " --refresh-package, --reinstall-package, --exclude-newer, --allow-insecure-host --trusted-host, --color,"
        " -o --output-file, --format, --install-dir, -C --config-setting --config-settings, --branch, --tag, --rev",
    ),
    {
        **dict.fromkeys(("pip install", "tool install", "python install", "add"), "install"),
        **dict.fromkeys(("sync", "pip sync"), "sync"),
        **dict.fromkeys(("pip uninstall", "remove", "tool uninstall"), "remove"),
        **dict.fromkeys(("tool upgrade", "self update"), "upgrade"),
        **dict.fromkeys(("lock", "pip compile", "export"), "lock"),
        **dict.fromkeys(("cache clean", "cache prune"), "clean"),
        **dict.fromkeys(("run", "tool run"), "run"),
        "build": "build",
    },
    python_package,
    groups=frozenset({"pip", "tool", "python", "cache", "self"}),
    manifests=_uv_manifests,
    no_packages=frozenset(
        {"sync", "pip sync", "python install", "cache clean", "cache prune", "run", "tool run", "pip compile", "build"}
    ),
    manifest_options=("--requirements", "--constraints"),
    package_options=("--editable",),
    no_cache=trait("--no-cache", "UV_NO_CACHE"),
    production=trait("--no-dev --no-default-groups --no-group=dev --only-group=main", "UV_NO_DEV UV_NO_DEFAULT_GROUPS"),
    frozen=trait("--frozen --locked --require-hashes", "UV_FROZEN UV_LOCKED UV_REQUIRE_HASHES"),
    global_=trait(subcommands="tool install"),
)
PIPX = Manager(
    "pipx",
    OptionTable(
        "-f --force, -q --quiet, -e --editable, --global, --include-deps, --system-site-packages",
        "--python, --pip-args, --suffix, --preinstall, -i --index-url, --spec, --backend",
    ),
    {
        **dict.fromkeys(("install", "inject", "install-all"), "install"),
        **dict.fromkeys(("upgrade", "upgrade-all"), "upgrade"),
        **dict.fromkeys(("uninstall", "uninstall-all", "uninject"), "remove"),
        "run": "run",
    },
    python_package,
    no_cache=trait("--pip-args=--no-cache-dir", present=_PIP_KEEPS_NONE),
    global_=trait(always=True),
)
POETRY = Manager(
    "poetry",
    OptionTable(
        "-n --no-interaction, -q --quiet, -v --verbose, --no-root, --no-dev, --sync, --no-cache, --all-extras,"
        " -D --dev",
        "-C --directory, -P --project, --only, --without, --with, -E --extras, -G --group, -f --format, -o --output,"
        " --source, --python",
    ),
    {
        **dict.fromkeys(("install", "add"), "install"),
        "sync": "sync",
        "remove": "remove",
        "update": "upgrade",
        **dict.fromkeys(("lock", "export"), "lock"),
        "cache clear": "clean",
        "build": "build",
        "run": "run",
    },
    python_package,
    groups=frozenset({"cache", "self", "config"}),
    manifests=lambda verb, _: _project("poetry.lock") if verb in {"install", "sync", "lock", "export", "add"} else (),
    no_packages=frozenset({"install", "sync", "cache clear", "lock", "export", "build", "run"}),
    no_cache=trait("--no-cache", "POETRY_NO_CACHE"),
    production=trait("--no-dev --only=main --without=dev", "POETRY_WITHOUT=dev"),
    frozen=trait(subcommands="install, sync"),
)
PIPENV = Manager(
    "pipenv",
    OptionTable(
        "-d --dev, --deploy, --system, --ignore-pipfile, --skip-lock, -q --quiet, -v --verbose, --clear, --pre",
        "-r --requirements, -e --editable, -i --index, --python, --pypi-mirror, --categories, --extra-pip-args",
    ),
    {
        "install": "install",
        "sync": "sync",
        "uninstall": "remove",
        **dict.fromkeys(("update", "upgrade"), "upgrade"),
        **dict.fromkeys(("lock", "requirements"), "lock"),
        "run": "run",
    },
    python_package,
    manifests=lambda verb, options: (
        ("Pipfile", "Pipfile.lock")
        if verb in {"install", "sync", "lock", "requirements"} and not options.operands[1:]
        else ()
    ),
    no_packages=frozenset({"sync", "lock", "requirements", "run"}),
    manifest_options=("--requirements",),
    package_options=("--editable",),
    no_cache=trait("", "PIPENV_NO_CACHE", present=_PIP_KEEPS_NONE),
    frozen=trait("--deploy --ignore-pipfile", "PIPENV_DEPLOY PIPENV_IGNORE_PIPFILE", "sync"),
)
PDM = Manager(
    "pdm",
    OptionTable(
        "-d --dev, --prod --production, --no-lock, --frozen-lockfile, --no-self, --no-editable, --check, -q --quiet,"
        " -v --verbose, --no-default, -g --global, --no-isolation",
        "-G --group, -p --project, -L --lockfile, -x --proxy, -e --editable, --without, --with, -f --format,"
        " -o --output,"
        " --venv",
    ),
    {
        **dict.fromkeys(("install", "add"), "install"),
        "sync": "sync",
        "remove": "remove",
        "update": "upgrade",
        **dict.fromkeys(("lock", "export"), "lock"),
        "cache clear": "clean",
        "build": "build",
        "run": "run",
    },
    python_package,
    groups=frozenset({"cache", "self"}),
    manifests=lambda verb, _: _project("pdm.lock") if verb in {"install", "sync", "lock", "export", "add"} else (),
    no_packages=frozenset({"install", "sync", "cache clear", "lock", "export", "build", "run"}),
    production=trait("--production --without=dev"),
    frozen=trait("--frozen-lockfile --no-lock --check", subcommands="sync"),
)


def _conda_manifests(verb: str, options: Options) -> tuple[str, ...]:
    files = options.values("--file")
    return files or (("environment.yml",) if verb in {"env create", "env update"} else ())


CONDA = Manager(
    "conda",
    OptionTable(
        "-y --yes, -q --quiet, -v --verbose, -a --all, --no-deps, --update-deps,"
        " --freeze-installed,"
        " --override-channels, --offline",
        "-n --name, -p --prefix, -c --channel, -f --file, --solver, -r --root-prefix, --platform, --cwd, --rc-file",
    ),
    {
        **dict.fromkeys(("install", "create", "env create"), "install"),
        "env update": "sync",
        **dict.fromkeys(("update", "upgrade", "self-update"), "upgrade"),
        **dict.fromkeys(("remove", "uninstall", "env remove"), "remove"),
        "clean": "clean",
        "run": "run",
    },
    _conda_package,
    verb_options={
        "clean": OptionTable(
            "-y --yes, -q --quiet, -a --all, -f --force-pkgs-dirs, -t --tarballs, -i --index-cache, -p --packages,"
            " -l --logfiles, --locks --lock",
            "-c --tempfiles",
        )
    },
    groups=frozenset({"env", "config", "self"}),
    manifests=_conda_manifests,
    no_packages=frozenset({"clean", "run", "env create", "env update", "env remove"}),
    assume_yes=trait("--yes", "CONDA_ALWAYS_YES MAMBA_ALWAYS_YES", "env create, env update, clean --yes"),
)
