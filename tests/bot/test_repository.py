from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.forges.base import ChangedFile, PullRequest
from bot.jobs import PullRequestKey
from bot.repository import MOST_AROUND, MOST_DOCKERFILES, folders_around, further, wanted
from rules.policy import DEFAULT

if TYPE_CHECKING:
    from bot.repository import Wanted
    from rules.policy import Policy

FILE, LINK = 0o100644, 0o120000


def pull_request(*files: ChangedFile) -> PullRequest:
    key = PullRequestKey("github", "api.github.com", "acme/web", 1)
    return PullRequest(key, "h", "b", "t", True, 1, 1, "", files)  # noqa: FBT003 - open


def choose(*files: ChangedFile, listing: tuple[str, ...] = (), policy: Policy = DEFAULT) -> Wanted:
    there = dict.fromkeys([*listing, *(file.path for file in files if file.status != "removed")], FILE)
    return wanted(pull_request(*files), there, policy)


def test_changed_dockerfiles_are_reviewed_in_any_folder() -> None:
    chosen = choose(
        ChangedFile("Dockerfile", "modified"),
        ChangedFile("services/api/prod.Dockerfile", "added"),
        ChangedFile("README.md", "modified"),
    )
    assert chosen.dockerfiles == ("Dockerfile", "services/api/prod.Dockerfile")
    assert chosen.before == ("Dockerfile",)


def test_the_folders_of_dockerfiles_are_looked_into_first() -> None:
    assert folders_around(["a/x.txt", "z/web/Dockerfile", "top.txt"]) == ["", "z/web", "z", "a", ".github/workflows"]


def test_a_renamed_one_is_read_under_its_old_name_before() -> None:
    chosen = choose(ChangedFile("docker/Dockerfile", "renamed", "Dockerfile"))
    assert (chosen.dockerfiles, chosen.before) == (("docker/Dockerfile",), ("Dockerfile",))


def test_a_removed_one_is_read_before_only() -> None:
    chosen = choose(ChangedFile("Dockerfile", "removed"))
    assert (chosen.dockerfiles, chosen.after, chosen.before) == ((), (), ("Dockerfile",))


def test_the_policy_adds_and_ignores_files() -> None:
    policy = replace(DEFAULT, paths=("images/*",), ignore_paths=("legacy/",))
    changed = (ChangedFile("images/web", "added"), ChangedFile("legacy/Dockerfile", "added"))
    assert choose(*changed, policy=policy).dockerfiles == ("images/web",)


def test_an_ignore_file_alone_brings_its_dockerfiles() -> None:
    listing = ("Dockerfile", "api/Dockerfile", "web/Dockerfile", "api/src/main.py")
    chosen = choose(ChangedFile("api/.dockerignore", "modified"), listing=listing)
    assert chosen.dockerfiles == ("api/Dockerfile",)
    assert chosen.before == ("api/.dockerignore",)


def test_the_ignore_file_of_one_dockerfile_brings_that_one() -> None:
    listing = ("Dockerfile", "prod.Dockerfile")
    chosen = choose(ChangedFile("prod.Dockerfile.dockerignore", "removed"), listing=listing)
    assert chosen.dockerfiles == ("prod.Dockerfile",)


def test_the_files_around_come_from_its_folder_and_those_above() -> None:
    around = (
        ".dockerignore",
        ".github/workflows/images.yml",
        "services/api/docker-entrypoint.sh",
        "services/api/action.yml",
        "services/api/package.json",
        "compose.yaml",
        "services/api/scripts/start.sh",
    )
    others = ("services/web/package.json", "services/web/entrypoint.sh", "docs/index.md", "services/api/src/run.sh")
    chosen = choose(ChangedFile("services/api/Dockerfile", "added"), listing=(*around, *others))
    assert set(chosen.after) == {"services/api/Dockerfile", *around}


def test_what_builds_images_is_read_beside_the_dockerfile_and_above_it() -> None:
    around = ("Jenkinsfile", "images/build-images.sh", "images/justfile")
    chosen = choose(ChangedFile("images/Dockerfile", "modified"), listing=(*around, "tools/build.sh", "images/tag.sh"))
    assert set(chosen.after) == {"images/Dockerfile", *around}


def test_what_a_hosting_platform_builds_and_starts_is_read_in_the_root() -> None:
    around = ("composer.json", "fly.staging.toml", "heroku.yml", "render.yaml")
    chosen = choose(ChangedFile("Dockerfile", "modified"), listing=(*around, "web/fly.toml", "web/heroku.yml"))
    assert set(chosen.after) == {"Dockerfile", *around}


def test_what_says_who_works_in_the_container_is_read_beside_the_dockerfile() -> None:
    around, other = ".devcontainer/devcontainer.json", ".devcontainer/web/devcontainer.json"
    chosen = choose(ChangedFile(".devcontainer/Dockerfile", "modified"), listing=(around, other))
    assert set(chosen.after) == {".devcontainer/Dockerfile", around}


def test_a_few_manifests_of_kubernetes_are_read_last() -> None:
    manifests = [f"charts/{number}/values.yaml" for number in range(9)]
    others = ("docs/pods.yaml", "web/values.json", "compose.yaml", "k8s/web.yaml", "deploy/web-deployment.yml")
    chosen = choose(ChangedFile("web/Dockerfile", "modified"), listing=(*manifests, *others))
    last = ("deploy/web-deployment.yml", "k8s/web.yaml", *manifests[:3])
    assert chosen.after == ("web/Dockerfile", "compose.yaml", *last)


def test_shell_scripts_of_the_change_are_read_whatever_they_are_called() -> None:
    touched = (ChangedFile("ops/hand-over.sh", "modified"), ChangedFile("ops/old.sh", "removed"))
    chosen = choose(ChangedFile("api/Dockerfile", "modified"), *touched, listing=("ops/other.sh",))
    assert chosen.after == ("api/Dockerfile", "ops/hand-over.sh")
    assert chosen.before == ("api/Dockerfile", "ops/hand-over.sh")


def test_files_around_that_are_links_are_left_alone() -> None:
    listing = {"Dockerfile": FILE, ".dockerignore": LINK}
    assert wanted(pull_request(ChangedFile("Dockerfile", "added")), listing, DEFAULT).after == ("Dockerfile",)


def test_without_a_listing_only_usual_names_are_tried() -> None:
    chosen = wanted(pull_request(ChangedFile("api/Dockerfile", "modified")), None, DEFAULT)
    assert "api/.dockerignore" in chosen.after
    assert len(chosen.after) <= 1 + MOST_AROUND


def test_both_numbers_are_capped_and_what_is_skipped_is_named() -> None:
    files = [ChangedFile(f"{number:03}/Dockerfile", "added") for number in range(MOST_DOCKERFILES + 2)]
    chosen = choose(*files, listing=tuple(f"{number:03}/package.json" for number in range(99)))
    assert len(chosen.after) == MOST_DOCKERFILES + MOST_AROUND
    assert chosen.skipped == ("100/Dockerfile", "101/Dockerfile")


def test_what_the_change_does_not_touch_is_the_same_before() -> None:
    pull = pull_request(ChangedFile("Dockerfile", "modified"))
    chosen = wanted(pull, {"Dockerfile": FILE, "package.json": FILE}, DEFAULT)
    assert list(chosen.unchanged(pull)) == ["package.json"]


def test_the_manifest_of_a_folder_that_instructions_enter_is_read_besides() -> None:
    text = b"FROM node:22\nWORKDIR /app\nCOPY apps ./apps\nRUN cd apps/chart && npm ci\nWORKDIR /app/apps/map\n"
    paths = ("apps/chart/package.json", "apps/map/composer.json", "apps/other/package.json")
    changed = ChangedFile("Dockerfile", "modified")
    listing = {**dict.fromkeys(paths, FILE), "Dockerfile": FILE}
    chosen = wanted(pull_request(changed), listing, DEFAULT)
    more = chosen.further(pull_request(changed), {"Dockerfile": text}, listing)
    assert more.after == ("apps/chart/package.json", "apps/map/composer.json")


def test_what_a_dockerfile_names_is_read_besides() -> None:
    text = (
        b"FROM debian:13\nCOPY requirements/prod.txt logo.png /app/\nCOPY rootfs/ /\nCOPY --from=x a.txt /\n"
        b'ENTRYPOINT ["/usr/bin/serve-shop"]\n'
    )
    paths = ("requirements/prod.txt", "logo.png", "rootfs/usr/bin/serve-shop", "a.txt", "docs/guide.txt")
    changed = (ChangedFile("Dockerfile", "modified"), ChangedFile("requirements/prod.txt", "renamed", "prod.txt"))
    listing = {**dict.fromkeys(paths, FILE), "Dockerfile": FILE, "bin/serve-shop": LINK}
    chosen = wanted(pull_request(*changed), listing, DEFAULT)
    more = chosen.further(pull_request(*changed), {"Dockerfile": text}, listing)
    assert (more.after, more.before) == (("requirements/prod.txt", "rootfs/usr/bin/serve-shop"), ("prod.txt",))
    both = chosen.with_further(more)
    assert both.before == ("Dockerfile", "prod.txt")
    assert set(both.after) == {"Dockerfile", *more.after}


def test_what_is_named_like_a_secret_is_read_where_the_whole_context_is_copied() -> None:
    listing = dict.fromkeys(("Dockerfile", ".dockerignore", ".env", "certs/rds.pem", "old/.env", "server.js"), FILE)
    files = {"Dockerfile": b"FROM scratch\nCOPY . .\n", ".dockerignore": b"old\n"}
    assert further(["Dockerfile"], files, listing) == [".env", "certs/rds.pem"]
    assert further(["Dockerfile"], {"Dockerfile": b"FROM scratch\nCOPY app /app\n"}, listing) == []


def test_the_scripts_that_a_start_script_names_are_read_besides() -> None:
    files = {
        "Dockerfile": b'FROM debian:13\nCOPY scripts /srv/scripts\nCMD ["/srv/scripts/start.sh"]\n',
        "scripts/start.sh": b"#!/bin/sh\nscripts/wait-for.sh db\nexec /srv/shop\n",
    }
    listing = dict.fromkeys([*files, "scripts/wait-for.sh", "scripts/other.sh"], FILE)
    changed = pull_request(ChangedFile("Dockerfile", "modified"))
    assert wanted(changed, listing, DEFAULT).further(changed, files, listing).after == ("scripts/wait-for.sh",)


def test_the_manifests_of_a_folder_that_is_copied_are_read_besides() -> None:
    paths = ("web/package.json", "web/src/main.ts", "api/package.json", "go.mod")
    listing = {**dict.fromkeys(paths, FILE), "docker/Dockerfile": FILE}
    changed = pull_request(ChangedFile("docker/Dockerfile", "modified"))
    more = wanted(changed, listing, DEFAULT).further(
        changed, {"docker/Dockerfile": b"FROM node:24\nCOPY ./web/ /srv/web\n"}, listing
    )
    assert more.after == ("web/package.json",)


def test_the_projects_of_compiled_languages_are_read_besides() -> None:
    texts = {
        "mail/Dockerfile": b"FROM gradle:9-jdk25\nCOPY mail/ ./\nRUN gradle jar\n",
        "Dockerfile": b"FROM mcr.microsoft.com/dotnet/sdk:10.0\nCOPY . .\nRUN dotnet publish src/Shop/Shop.csproj\n",
    }
    paths = ("mail/build.gradle", "mail/pom.xml", "mail/web/build.gradle", "Tools.csproj", "src/Shop/Shop.csproj")
    listing = dict.fromkeys((*texts, *paths, "src/Other/Other.csproj"), FILE)
    changed = pull_request(*(ChangedFile(path, "modified") for path in texts))
    more = wanted(changed, listing, DEFAULT).further(changed, texts, listing)
    assert more.after == ("Tools.csproj", "src/Shop/Shop.csproj", "mail/build.gradle")


def test_names_that_many_files_have_are_not_read() -> None:
    text = b'FROM node:24\nCMD ["node", "start"]\n'
    listing = dict.fromkeys([f"{number}/start" for number in range(4)], FILE)
    changed = ChangedFile("Dockerfile", "added")
    chosen = wanted(pull_request(changed), {"Dockerfile": FILE, **listing}, DEFAULT)
    assert chosen.further(pull_request(changed), {"Dockerfile": text}, listing).after == ()
    assert chosen.further(pull_request(changed), {"Dockerfile": text}, None).after == ()
