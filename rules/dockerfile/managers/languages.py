"""Package managers of Ruby, PHP, Go, Rust, .NET and Elixir.

From `gem help`, Bundler's and Composer's manuals, `go help`, the Cargo Book, the .NET CLI reference and `mix help`.
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

_AT = re.compile("@")
_COLON = re.compile(":")
_COMPOSER_VERSION = re.compile(r"[:= ]")


def _gem(word: ShellWord) -> Package:
    """`name`, `name:version`, `file.gem`."""
    return special(word, (".gem",)) or Package(*version_split(word.value, _COLON), word)


def _composer_package(word: ShellWord) -> Package:
    """`vendor/name:^1.2`, `vendor/name=1.2`, `ext-name`."""
    return special(word, ()) or Package(*version_split(word.value, _COMPOSER_VERSION), word)


def _go_package(word: ShellWord) -> Package:
    """`example.org/module/cmd@v1.2`, `./cmd/tool`."""
    return special(word, (".go",)) or Package(*version_split(word.value, _AT), word)


def _crate(word: ShellWord) -> Package | None:
    """`name`, `name@1.2`; `+nightly` chooses the toolchain."""
    if word.value[:1] == "+":
        return None
    return special(word, ()) or Package(*version_split(word.value, _AT), word)


def _nuget(word: ShellWord) -> Package:
    return special(word, (".nupkg",)) or Package(*version_split(word.value, _AT), word)


GEM = Manager(
    "gem",
    OptionTable(
        "-N --no-ri --no-rdoc --no-doc --no-document, -f --force, -q --quiet, -V --verbose, --user-install, -a --all,"
        " -x --executables, --system, --conservative, --no-user-install, -I --ignore-dependencies",
        "-v --version, -i --install-dir, -n --bindir, -s --source, -P --trust-policy, -p --http-proxy, -g --file,"
        " --document, --platform, -B --bulk-threshold",
        foreign_tail=True,
    ),
    {
        **dict.fromkeys(("install", "i"), "install"),
        **dict.fromkeys(("uninstall",), "remove"),
        "update": "upgrade",
        "cleanup": "clean",
        "build": "build",
        "fetch": "download",
    },
    _gem,
    no_packages=frozenset({"build"}),
)
BUNDLE = Manager(
    "bundle",
    OptionTable(
        "--deployment, --frozen, --local, --quiet, --verbose, --full-index, --no-cache, --system, --clean,"
        " --prefer-local,"
        " --no-prune, --all, --all-platforms, --force --redownload",
        "--without, --with, -j --jobs, --retry, --path, --gemfile, --binstubs, --shebang, -P --trust-policy, --group",
    ),
    {
        **dict.fromkeys(("install", "i"), "install"),
        "add": "install",
        "remove": "remove",
        "update": "upgrade",
        "clean": "clean",
        **dict.fromkeys(("package", "cache", "pack"), "download"),
        "lock": "lock",
        **dict.fromkeys(("exec", "e"), "run"),
    },
    _gem,
    nothing="install",
    groups=frozenset({"config"}),
    manifests=lambda verb, _: (
        ("Gemfile", "Gemfile.lock") if verb in {"", "install", "i", "package", "cache", "pack"} else ()
    ),
    no_packages=frozenset({"install", "i", "clean", "package", "cache", "pack", "lock", "exec", "e"}),
    production=trait("--without=development", "BUNDLE_WITHOUT=development BUNDLE_ONLY BUNDLE_DEFAULT_GROUPS"),
    frozen=trait(
        "--deployment --frozen", "BUNDLE_DEPLOYMENT=1 BUNDLE_DEPLOYMENT=true BUNDLE_FROZEN=1 BUNDLE_FROZEN=true"
    ),
)
COMPOSER = Manager(
    "composer",
    OptionTable(
        "-n --no-interaction, -q --quiet, -v --verbose, -o --optimize --optimize-autoloader,"
        " -a --classmap-authoritative,"
        " --no-dev, --dev, --no-scripts, --no-plugins, --no-autoloader, --prefer-dist, --no-cache, --no-progress, -W"
        " --with-all-dependencies, --ignore-platform-reqs",
        "-d --working-dir, --ignore-platform-req, --apcu-autoloader-prefix, -s --stability, --repository,"
        " --prefer-install,"
        " --type",
    ),
    {
        **dict.fromkeys(("install", "i", "require", "r", "req", "create-project", "global require"), "install"),
        "global install": "install",
        **dict.fromkeys(("update", "u", "upgrade", "global update"), "upgrade"),
        **dict.fromkeys(("remove", "rm", "global remove"), "remove"),
        **dict.fromkeys(("clear-cache", "clearcache", "cc"), "clean"),
        **dict.fromkeys(("run-script", "run", "exec"), "run"),
    },
    _composer_package,
    groups=frozenset({"global"}),
    manifests=lambda verb, _: ("composer.json", "composer.lock") if verb in {"install", "i"} else (),
    no_packages=frozenset({"install", "i", "clear-cache", "clearcache", "cc", "run-script", "run", "exec"}),
    no_cache=trait("--no-cache", "COMPOSER_CACHE_DIR=/dev/null COMPOSER_NO_CACHE"),
    production=trait("--no-dev", "COMPOSER_NO_DEV=1 COMPOSER_NO_DEV=true"),
    frozen=trait(subcommands="install, i"),
    global_=trait(subcommands="global require, global install"),
)


def _go_manifests(verb: str, options: Options) -> tuple[str, ...]:
    if verb == "install" and any("@" in word.value for word in options.operands[1:]):
        return ()
    return ("go.mod", "go.sum") if verb in _GO_USES_MODULE else ()


_GO_USES_MODULE = frozenset({"mod download", "mod vendor", "mod tidy", "mod verify", "build", "install", "test", "run"})
GO = Manager(
    "go",
    OptionTable(
        "-v, -x, -a, -n, -u, -d, -t, -race, -trimpath, -modcache, -cache, -testcache, -json, -cover",
        "-ldflags, -tags, -o, -mod, -gcflags, -asmflags, -p, -C, -toolexec, -pkgdir, -run, -timeout, -modfile,"
        " -overlay,"
        " -buildmode, -compiler, -exec, -count, -bench, -coverprofile, -installsuffix, -go, -compat",
        single_dash=True,
    ),
    {
        **dict.fromkeys(("install", "get"), "install"),
        **dict.fromkeys(("mod download", "mod vendor"), "download"),
        "mod tidy": "lock",
        "build": "build",
        **dict.fromkeys(("run", "test", "generate", "tool"), "run"),
        "clean": "clean",
    },
    _go_package,
    groups=frozenset({"mod", "env", "work", "telemetry"}),
    manifests=_go_manifests,
    no_packages=frozenset(
        {"mod download", "mod vendor", "mod tidy", "run", "test", "generate", "clean", "tool", "build"}
    ),
    frozen=trait("-mod=readonly -mod=vendor", "GOFLAGS=-mod=readonly GOFLAGS=-mod=vendor", "mod download"),
)


def _cargo_manifests(verb: str, options: Options) -> tuple[str, ...]:
    uses_project = verb in {"build", "b", "rustc", "fetch", "run", "r", "test", "t", "check", "vendor", "chef prepare"}
    from_path = verb == "install" and "--path" in options.uses
    return (
        ("Cargo.toml", "Cargo.lock") if uses_project or from_path else ("recipe.json",) if verb == "chef cook" else ()
    )


CARGO = Manager(
    "cargo",
    OptionTable(
        "-q --quiet, -v --verbose, -r --release, --locked, --frozen, --offline, -f --force, --all-features,"
        " --no-default-features, --workspace, --bins, --lib, -y --no-confirm",
        "--target, --manifest-path, -F --features, -p --package, --bin, --path, --vers --version, --git, --branch,"
        " --tag,"
        " --rev, --root, --profile, -j --jobs, --target-dir, --registry, --index, --config, -Z, --color,"
        " --message-format, --recipe-path, --example, --test, -C, --exclude, --artifact-dir --out-dir",
    ),
    {
        **dict.fromkeys(("install", "binstall", "add"), "install"),
        **dict.fromkeys(("fetch", "vendor"), "download"),
        **dict.fromkeys(
            ("build", "b", "rustc", "chef cook", "chef prepare", "zigbuild", "auditable build", "auditable zigbuild"),
            "build",
        ),
        **dict.fromkeys(("run", "r", "test", "t", "check", "bench", "clippy", "xtask"), "run"),
        **dict.fromkeys(("uninstall", "remove", "rm"), "remove"),
        "update": "upgrade",
        "clean": "clean",
        **dict.fromkeys(("generate-lockfile",), "lock"),
    },
    _crate,
    groups=frozenset({"chef", "auditable", "cache"}),
    manifests=_cargo_manifests,
    no_packages=frozenset({"fetch", "vendor", "update", "clean", "generate-lockfile", "build", "run"}),
    frozen=trait("--locked --frozen"),
)


def _dotnet_manifests(verb: str, options: Options) -> tuple[str, ...]:
    if verb not in {"restore", "build", "publish", "pack", "run", "test", "msbuild", "tool restore"}:
        return ()
    given = tuple([word.value for word in options.operands[len(verb.split()) :] if word.value[:1] != "/"])
    return given or ("*.csproj",)


DOTNET = Manager(
    "dotnet",
    OptionTable(
        "--no-restore, --no-build, --no-cache, --locked-mode, -g --global, --nologo, --self-contained, --force,"
        " --use-lock-file",
        "-c --configuration, -o --output, -r --runtime, -f --framework, -s --add-source --source, -a --arch, --os,"
        " --version, -v --verbosity, --configfile, --packages, --tool-path, --lock-file-path, --project, -n --name,"
        " --version-suffix, --logger, -l, --filter, --collect",
        slash=True,
    ),
    {
        **dict.fromkeys(("restore", "tool install", "tool restore", "workload install", "workload restore"), "install"),
        **dict.fromkeys(("add package", "package add"), "install"),
        **dict.fromkeys(("build", "publish", "pack", "msbuild"), "build"),
        **dict.fromkeys(("run", "test", "exec"), "run"),
        **dict.fromkeys(("tool update", "workload update"), "upgrade"),
        **dict.fromkeys(("tool uninstall", "remove package"), "remove"),
        **dict.fromkeys(("clean", "nuget locals"), "clean"),
    },
    _nuget,
    groups=frozenset({"tool", "workload", "nuget", "add", "remove", "package", "new", "dev-certs", "sln"}),
    manifests=_dotnet_manifests,
    no_packages=frozenset({"restore", "tool restore", "workload restore", "clean", "nuget locals"}),
    frozen=trait("--locked-mode"),
    global_=trait("--global", subcommands="workload install"),
)


def _mix_manifests(verb: str, options: Options) -> tuple[str, ...]:
    """`mix do deps.get, compile` builds the project as well; only what comes first is the verb."""
    tasks = {word.value for word in options.operands}
    fetches = verb in {"deps.get", "deps.compile"} and tasks.isdisjoint(_MIX_BUILDS)
    return ("mix.exs", "mix.lock") if fetches else ()


_MIX_BUILDS = frozenset({"compile", "release", "escript.build", "phx.digest", "assets.deploy", "test"})
MIX = Manager(
    "mix",
    OptionTable("--check-locked, --no-archives-check, --force, --all, --if-missing, --overwrite, --quiet", "--only"),
    {
        "deps.get": "install",
        "deps.update": "upgrade",
        **dict.fromkeys(("deps.compile", "compile", "release", "escript.build"), "build"),
        **dict.fromkeys(("clean", "deps.clean"), "clean"),
        **dict.fromkeys(("run", "test", "phx.server"), "run"),
    },
    lambda _: None,  # it takes no packages on its command line
    manifests=_mix_manifests,
    no_packages=frozenset({"deps.get", "deps.update", "deps.clean", "clean"}),
    frozen=trait("--check-locked"),
)


def _maven_manifests(_: str, options: Options) -> tuple[str, ...]:
    """Maven's call that only fetches reads the project's model; one that builds as well reads the sources too."""
    goals = [word.value for word in options.operands]
    files = options.values("--file")
    fetches = bool(goals) and all(_FETCHES.search(goal) for goal in goals)
    return ("pom.xml",) if fetches and all(name.endswith(".xml") for name in files) else ()


_FETCHES = re.compile(
    r"^(?:org\.apache\.maven\.plugins:maven-)?dependency(?:-plugin)?(?::[\d.]+)?:(?:go-offline|resolve|resolve-plugins)$"
    r"|^de\.qaware\.maven:go-offline-maven-plugin(?::[\d.]+)?:resolve-dependencies$"
)
"""Goals that fetch what a project needs (Maven Dependency Plugin, "Plugin Documentation"; go-offline-maven-plugin)."""
MAVEN = Manager(
    "mvn",
    OptionTable(
        "-B --batch-mode, -q --quiet, -o --offline, -U --update-snapshots, -X --debug, -e --errors, -N --non-recursive,"
        " -am --also-make, -ntp --no-transfer-progress, -C --strict-checksums, --fail-never, --fail-at-end",
        "-f --file, -s --settings, -gs --global-settings, -P --activate-profiles, -pl --projects, -T --threads,"
        " -t --toolchains, -rf --resume-from, -l --log-file, -b --builder",
        one_dash_too=True,
    ),
    {},
    lambda _: None,  # a goal that fetches one artifact says so with a property
    manifests=_maven_manifests,
)


SWIFT = Manager(
    "swift",
    OptionTable("--skip-update, --force-resolved-versions, -v --verbose", "--package-path, -c --configuration"),
    {"package resolve": "download", "build": "build", **dict.fromkeys(("run", "test"), "run")},
    lambda _: None,  # its packages stand in Package.swift alone
    groups=frozenset({"package"}),
    manifests=lambda verb, _: ("Package.swift", "Package.resolved") if verb == "package resolve" else (),
    frozen=trait("--force-resolved-versions"),
)
