"""Programs that an image is known to lack: what calls them stops the build."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.base_image.tags import names_variant_only
from rules.copying.outputs.java_classes import has_other_java
from rules.dockerfile.reference import parse_reference
from rules.facts.brought_along import brings_along
from rules.facts.command_packages import provides
from rules.facts.images import image_facts
from rules.facts.installers import LANGUAGE_INSTALLERS
from rules.facts.lean_packages import is_lean
from rules.facts.tools import is_checked
from rules.lazily import once
from rules.model.carried import brings_programs, fills_root
from rules.model.packages import OS_MANAGERS
from rules.model.run_writes import is_opaque
from rules.numbers import number_of
from rules.packages.package_files import is_unpacker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, PackageCall, Put, Run, Stage
    from rules.facts.images import ImageFacts

OF_NODE = ("npm", "npx", "yarn", "node")
"""Node.js and what comes with it."""
READERS = frozenset({"apt-key", "jq", *OF_NODE})
"""Programs that stand behind a pipe, and that images lack."""
_BRING_NODE = ("node", "npm", "nvm", "yarn", "volta", "fnm", "asdf", "mise")
"""What packages, archives and installers are called that bring Node.js and its managers."""
OF_JDK = ("jar", "javac", "jlink", "jdeps")
"""Tools that a Java runtime does not hold (JDK's "Tool Reference"; the JRE of Eclipse Temurin)."""
OF_APACHE = ("a2enmod", "a2dismod", "a2ensite", "a2dissite", "a2enconf", "a2disconf")
"""Tools of Debian's Apache, of which the official images of PHP have one variant (docker-library/php)."""
OF_TOOLCHAINS = {
    "go": ("golang",),
    "cargo": ("rust",),
    "mvn": ("maven", "sdkman"),
    "gradle": ("sdkman",),
}
"""Compilers and build tools that no image has but those made for them, and what else brings them is called."""
_MANAGERS_OF_LANGUAGES = ("asdf", "mise", "nix", "brew", "conda", "mamba", "pixi")
"""Programs that install any of them."""
_RUNTIMES_OF_DOTNET = ("mcr.microsoft.com/dotnet/aspnet", "mcr.microsoft.com/dotnet/runtime")
"""Microsoft's images that start a program and hold no SDK (dotnet/dotnet-docker, README)."""
_OF_DOTNET_BEFORE = ("microsoft/aspnetcore", "microsoft/dotnet")
"""What they were called on Docker Hub, the second with the SDK under other tags."""
_OF_DOTNET_SDK = frozenset(
    "add build build-server clean dev-certs format list msbuild new nuget pack publish reference remove restore run "
    "sln solution store test tool vstest watch workload".split()
)
"""Commands of `dotnet` that the SDK brings (learn.microsoft.com, "dotnet command")."""
OF_SHADOW = {
    "useradd": "`adduser -D -u <uid> <name>`",
    "groupadd": "`addgroup -g <gid> <name>`",
    "usermod": "`addgroup <name> <group>`",
    "groupmod": "`delgroup` and `addgroup`",
}
"""Commands of the shadow package, which Alpine leaves out, and what its BusyBox has for them."""
_FIRST_WITHOUT = {"corepack": 25, "yarn": 26}
"""The first Node.js that comes without Corepack (its changelog), and its first official image without Yarn 1
(docker-node's README, "Yarn v1 Classic bundling")."""
_FIRST_WITHOUT_APT_KEY = {"debian": (13,), "ubuntu": (25, 4)}
"""Releases whose apt has no `apt-key` any more: apt 2.9.19 removed it (its changelog)."""


def lacks(stage: Stage, name: str) -> bool:
    """Tell whether a stage is known to have no program of a name at any of its steps."""
    runtime = stage.runtime
    if name == "apt-key":
        first = _FIRST_WITHOUT_APT_KEY.get(runtime.distribution or "")
        return first is not None and runtime.release is not None and runtime.release.numbers >= first
    if is_given_up_by_node(stage, name):
        return runtime.never_has(name)
    if name in OF_JDK:
        return _is_runtime_of_java(stage) and not runtime.may_gain_programs(OF_JDK) and not has_other_java(stage)
    if name in OF_APACHE:
        return _is_php_without_apache(stage) and not runtime.may_gain_programs(OF_APACHE)
    if name in (*OF_NODE, "corepack"):  # which tags of `node` have Yarn changes
        return "node" not in runtime.languages and runtime.never_has(name, *_BRING_NODE)
    return _lacks_shadow(stage, name) if name in OF_SHADOW else _lacks_any_other(stage, name)


def _lacks_any_other(stage: Stage, name: str) -> bool:
    if name not in OF_TOOLCHAINS:
        return stage.runtime.never_has(name)
    also = (*OF_TOOLCHAINS[name], *_MANAGERS_OF_LANGUAGES)
    return not _installs_by_variable(stage) and stage.runtime.never_has(name, *also)


@once
def _installs_by_variable(stage: Stage) -> bool:
    """Whether a variable names packages, whose value may hold any."""
    return any("$" in package.name for _, call in stage.packages.calls for package in call.packages)


def lacks_dotnet_sdk(stage: Stage, command: Command) -> bool:
    """Tell whether a command of .NET's SDK is called where only the runtime is: “No .NET SDKs were found”."""
    facts, runtime = stage.facts, stage.runtime
    if command.subcommand not in _OF_DOTNET_SDK or facts is None or not _is_runtime_of_dotnet(facts):
        return False
    brought = any("dotnet" in put.path for put in stage.files.puts if put.tree)
    named = any("dotnet" in word.value for run in stage.done_runs for one in run.commands for word in one.args)
    return not (brought or named or runtime.may_gain_programs(("dotnet",)))


def said_without_sdk(stage: Stage) -> str:
    """Return what `dotnet` says where it finds no SDK; .NET Core of the images on Docker Hub asked."""
    of_hub = stage.facts is not None and stage.facts.name in _OF_DOTNET_BEFORE
    return "“Did you mean to run dotnet SDK commands?”" if of_hub else "“No .NET SDKs were found”"


def _is_runtime_of_dotnet(facts: ImageFacts) -> bool:
    return facts.name in _RUNTIMES_OF_DOTNET or (facts.name in _OF_DOTNET_BEFORE and facts.kind == "runtime")


def is_given_up_by_node(stage: Stage, name: str) -> bool:
    """Tell whether a program is one that Node.js, or its official image, has not brought since a release before.

    A tag that names no release (`node:alpine`) moves on, and is of none before the newest that the tables know.
    """
    first = _FIRST_WITHOUT.get(name)
    official = stage.facts is not None and stage.facts.name == "node"
    if first is None or (name == "yarn" and not official):
        return False
    if is_newest_node(stage):
        published = parse_reference(f"node:{first}")
        facts = image_facts(published) if published is not None else None
        return facts is not None and facts.listed is True
    major = (stage.runtime.languages.get("node") or "").partition(".")[0]
    return major.isdecimal() and number_of(major) >= first


def is_newest_node(stage: Stage) -> bool:
    """Tell whether the base is Node.js's image under a tag that names the newest release, whichever that is."""
    facts, reference = stage.facts, stage.root.reference
    if facts is None or reference is None or reference.digest or facts.name != "node" or facts.stopped is not None:
        return False
    tag = reference.effective_tag or ""
    return tag == "latest" or ("lts" not in tag.split("-") and names_variant_only(reference))


def _is_runtime_of_java(stage: Stage) -> bool:
    facts = stage.facts
    return facts is not None and facts.kind == "runtime" and "jre" in (facts.tag or "")


def _is_php_without_apache(stage: Stage) -> bool:
    facts = stage.facts
    if facts is None or facts.name != "php" or not facts.tag or "apache" in facts.tag or facts.distro is None:
        return False
    return not any("apache" in item.name or "$" in item.name for item in stage.packages.present)


_WITHOUT_SHADOW = frozenset("ca-certificates findutils gzip jq tar tzdata unzip".split())
_HEADLESS = re.compile(r"java-[\d.]+-openjdk-headless")
"""Packages of Red Hat's that do not bring `shadow-utils` along, as some others do."""


def _lacks_shadow(stage: Stage, name: str) -> bool:
    if any("$" in item.name for item in stage.packages.present):
        return False
    if is_ubi_minimal(stage):
        little = all(
            _HEADLESS.fullmatch(item.name) or item.name in _WITHOUT_SHADOW for item in stage.packages.installed
        )
        return little and not any(map(fills_root, stage.files.puts)) and not stage.files.has_unreadable_run
    return stage.runtime.distribution == "alpine" and stage.runtime.never_has(name, "shadow")


def is_ubi_minimal(stage: Stage) -> bool:
    """Tell whether a base is Red Hat's small image, which holds no `shadow-utils` (its list of packages)."""
    return re.search(r"/ubi\d*/ubi-minimal\b|/ubi\d+-minimal\b", stage.root.base_text or "") is not None


SYSTEM_TOOLS = tuple(
    "curl wget git unzip jq sudo make gcc g++ bash pip pip3 python gpg lsb_release fc-cache unminimize".split()
)
"""Programs of the system that slim images lack, and that people expect; `python3` comes along with many packages."""
_OF_PYTHON = frozenset({"pip", "pip3", "python"})
"""Those that a language's installer may bring: `uv venv`."""
_SELDOM_BROUGHT = frozenset({"curl", "wget", "git", "unzip", "jq", "sudo", "unminimize"})
_BY_PACKAGES_OF_ITS_OWN = frozenset({"gpg", "lsb_release"})
"""Those that hardly another package brings along; the others, by theirs and by those that depend on them."""
_BRINGS_NOTHING = frozenset("ca-certificates tzdata tini dumb-init su-exec gosu openssl libc6-compat gcompat".split())
"""Packages that bring none of the programs."""
_BRINGS_LITTLE = _BRINGS_NOTHING | frozenset(
    "apt-transport-https bash build-base build-essential bzip2 curl g++ gcc git gnupg gnupg2 gpg jq less libc-dev "
    "locales lsb-release make musl-dev nano openssh-client pkg-config postgresql-client procps python3 rsync sudo "
    "unzip vim wget xz xz-utils zip".split()
)
"""Packages that bring none of those that seldom come along but by their own name."""

_OF_ONE_PACKAGE = {"fc-cache": "fontconfig"}
"""Programs by the package that alone has them: Debian's tables say what else brings that."""
_BRINGS_NO_KEYS = _BRINGS_NOTHING | frozenset(
    "apt-transport-https bash bzip2 curl git jq unzip vim wget xz-utils".split()
)
"""Packages that bring neither of those: `build-essential` recommends GnuPG."""


def is_missing_at(run: Run, command: Command, program: str | None = None) -> bool:
    """Tell whether a program of the system, the called one or `program`, is known to be missing where it is called.

    What comes behind the call does not help it. Before it, any copied folder of programs, script or unknown command may
    have brought it, a package that is not known, and one that a variable names.
    """
    stage, name = run.stage, program or command.name
    if stage.facts is None or not is_of_makers(stage.facts) or not is_absent_but_for_packages(run, command, name):
        return False
    calls = (
        call for earlier in stage.done_runs for call in earlier.package_calls if _is_before(earlier, call, run, command)
    )
    return all(brings_none(run, call, name) for call in calls)


def is_absent_but_for_packages(run: Run, command: Command, program: str | None = None) -> bool:
    """Tell whether a base is known to lack a called program, and nothing before the call but a package may bring it."""
    stage, facts, name = run.stage, run.stage.facts, program or command.name
    if facts is None or facts.has_tool(name) is not False or stage.squashed is not None:
        return False
    before = [put for put in stage.files.puts if _is_there(put, run, command)]
    if stage.runtime.is_copied(name, before) or any(fills_root(put) or brings_programs(put) for put in before):
        return False
    return not any(_may_bring(name, run, command, *other) for other in _commands_before(run, command))


def _commands_before(run: Run, command: Command) -> Iterator[tuple[Run, Command]]:
    for earlier in run.stage.done_runs:
        if earlier.at > run.at:
            return
        for other in earlier.commands:
            if earlier is run and other.start >= command.start:
                break
            yield earlier, other


def _may_bring(name: str, run: Run, command: Command, earlier: Run, other: Command) -> bool:
    """Whether an earlier command may have brought a program for a later one: by its name, or unseen."""
    if earlier is run and other.start == command.handed_by:
        return False  # its script is what is looked at
    return brings_by_command(name, other)


def brings_by_command(name: str, other: Command) -> bool:
    """Tell whether a command may bring a program that is called behind it: by its name, or unseen."""
    unknown = is_opaque(other) and (other.name not in LANGUAGE_INSTALLERS or name in _OF_PYTHON)
    return unknown or other.name == name or is_unpacker(other) or any(name in word.value for word in other.args)


def is_of_makers(facts: ImageFacts) -> bool:
    """Tell whether it is an image whose programs are listed: Docker's official ones, and Microsoft's of .NET."""
    return is_checked(facts) and ("/" not in facts.name or facts.name.startswith("mcr.microsoft.com/dotnet/"))


def _is_there(put: Put, run: Run, command: Command) -> bool:
    """Whether a file or a tree is put there before a command of a RUN."""
    if put.step.at != run.at:
        return put.step.at < run.at
    return put.command is not None and put.command.start < command.start


def _is_before(earlier: Run, call: PackageCall, run: Run, command: Command) -> bool:
    if earlier is run and call.command.start > command.start:
        return False
    return earlier.at <= run.at and call.manager in OS_MANAGERS and call.action == "install"


def brings_none(run: Run, call: PackageCall, name: str) -> bool:
    """Tell whether an install of the system's packages brings no program but those that it names."""
    harmless = _BRINGS_LITTLE if name in _SELDOM_BROUGHT else _BRINGS_NOTHING
    if name in _BY_PACKAGES_OF_ITS_OWN:
        harmless = _BRINGS_NO_KEYS
    named = [package.name for package in call.packages]
    if not named or "xargs" in call.command.wrappers:
        return False
    if name in _OF_ONE_PACKAGE and call.manager == "apt":
        wanted, release = _OF_ONE_PACKAGE[name], run.stage.runtime.release
        return all(brings_along(call, package, wanted, release) is False for package in named)
    if name == "bash" and call.manager == "apk":
        return all(is_lean(package, "alpine", name) for package in named)
    return all(package in harmless and name not in provides(package) for package in named)
