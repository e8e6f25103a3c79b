"""What two rules see of one cause is told once."""

from __future__ import annotations

import rules

NODE = b'FROM node:24-slim\nWORKDIR /app\nCOPY . .\nUSER node\nCMD ["node", "server.js"]\n'
FILES = dict.fromkeys(("Dockerfile", ".dockerignore", "server.js"), 0o100644)
PYTHON = b'FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\n%sUSER shop\nCMD ["python", "main.py"]\n'


def told(report: rules.Report) -> list[str]:
    return [f.rule for f in report.findings if f.baseline == "new"]


def test_a_line_taken_out_of_dockerignore_is_told_where_it_stood() -> None:
    before, after = ({"Dockerfile": NODE, ".dockerignore": text} for text in (b".git\n.vscode\n", b".vscode\n"))
    report = rules.review(before, after, listing=FILES, listing_before=FILES)
    assert told(report) == ["dockerignore-loosened"]


def test_an_account_that_is_gone_speaks_for_the_files_that_it_owned() -> None:
    made = b"RUN useradd --uid 10001 shop && chown -R shop:shop /app\n"
    report = rules.review({"Dockerfile": PYTHON % made}, {"Dockerfile": PYTHON % b""})
    assert told(report) == ["user-not-created"]


def test_a_builder_that_is_gone_speaks_for_the_stage_that_builds_in_its_place() -> None:
    stage = b"FROM node:24-slim%s\nWORKDIR /app\nCOPY . .\nRUN npm ci && npm run build\n"
    ships = b"FROM node:24-slim\nCOPY --from=build /app/dist /app\n"
    end = b'USER node\nCMD ["node", "/app/server.js"]\n'
    report = rules.review({"Dockerfile": stage % b" AS build" + ships + end}, {"Dockerfile": stage % b"" + end})
    assert "multi-stage-collapsed" in told(report)
    assert "prefer-multi-stage" not in told(report)


def test_an_image_for_building_that_ships_speaks_for_the_builder_that_is_gone() -> None:
    stage = b"FROM golang:1.26%s\nWORKDIR /src\nCOPY . .\nRUN go build -o /shop ./cmd/shop\n"
    ships = b"FROM debian:13-slim\nCOPY --from=build /shop /shop\n"
    end = b'USER 1000\nCMD ["/shop"]\n'
    report = rules.review({"Dockerfile": stage % b" AS build" + ships + end}, {"Dockerfile": stage % b"" + end})
    assert "sdk-image-shipped" in told(report)
    assert "multi-stage-collapsed" not in told(report)


def test_an_image_for_building_that_shipped_before_says_nothing_of_the_builder_that_is_gone() -> None:
    stage = b"FROM eclipse-temurin:21-jdk%s\nWORKDIR /src\nCOPY . .\nRUN ./gradlew build\n"
    ships = b"FROM eclipse-temurin:21-jdk\nCOPY --from=build /src/shop.jar /src/shop.jar\n"
    end = b'USER 1000\nCMD ["java", "-jar", "/src/shop.jar"]\n'
    report = rules.review({"Dockerfile": stage % b" AS build" + ships + end}, {"Dockerfile": stage % b"" + end})
    assert "multi-stage-collapsed" in told(report)
    assert "sdk-image-shipped" not in told(report)


def test_a_builder_that_is_gone_speaks_for_the_compiler_that_came_with_its_work() -> None:
    stage = b"FROM node:24-slim%s\nCOPY . .\nRUN apt-get update && apt-get install -y gcc && npm run build\n"
    ships = b"FROM node:24-slim\nCOPY --from=build /dist /dist\n"
    end = b'USER node\nCMD ["node", "/dist/server.js"]\n'
    report = rules.review({"Dockerfile": stage % b" AS build" + ships + end}, {"Dockerfile": stage % b"" + end})
    assert "multi-stage-collapsed" in told(report)
    assert "build-tools-shipped" not in told(report)


def test_a_probe_without_a_shell_speaks_for_the_program_that_it_calls() -> None:
    ends = b'USER 1654\nHEALTHCHECK CMD curl -f http://localhost:8080/\nENTRYPOINT ["dotnet", "/app/Api.dll"]\n'
    installed = b"RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*\n"
    base = b"FROM mcr.microsoft.com/dotnet/aspnet:10.0%s\n"
    before, after = base % b"" + installed + ends, base % b"-noble-chiseled" + ends
    report = rules.review({"Dockerfile": before}, {"Dockerfile": after})
    assert "shell-in-scratch" in told(report)
    assert "package-lost" not in told(report)


def test_a_folder_that_is_no_longer_given_speaks_for_the_copy_that_leaves_it_to_root() -> None:
    made = b"RUN useradd --uid 1000 rails%s\n"
    head = b"FROM ruby:3.4-slim\nWORKDIR /rails\nCOPY Gemfile ./\nCOPY . .\n"
    end = b'USER 1000:1000\nCMD ["bin/rails", "server"]\n'
    before, after = (
        {"Dockerfile": head + made % given + end, "Gemfile": b"gem 'rails'\n"}
        for given in (b" && chown -R rails:rails /rails", b"")
    )
    report = rules.review(before, after)
    assert "ownership-narrowed" in told(report)
    assert "copy-root-owned-after-user" not in told(report)


def test_a_secret_that_the_ignore_file_lets_in_is_told_there_alone() -> None:
    files = {**FILES, ".env": 0o100644}
    before, after = ({"Dockerfile": NODE, ".dockerignore": text} for text in (b".git\n.env\n", b".git\n"))
    report = rules.review(before, after, listing=files, listing_before=files)
    assert told(report) == ["dockerignore-loosened"]


def test_an_image_that_starts_as_root_is_told_with_the_tag_that_did_not() -> None:
    text = b'FROM mcr.microsoft.com/dotnet/aspnet:8.0-noble%s\nWORKDIR /app\nCOPY out .\nENTRYPOINT ["./Shop"]\n'
    report = rules.review({"Dockerfile": text % b"-chiseled"}, {"Dockerfile": text % b""})
    assert told(report) == ["base-image-loosened"]


def test_a_script_that_stays_in_the_builder_is_told_once() -> None:
    text = (
        b"FROM python:3.13-slim AS build\nWORKDIR /src\nCOPY requirements.txt .\nRUN pip install --no-cache-dir -r "
        b"requirements.txt\nFROM python:3.13-slim\nWORKDIR /app\nENV PYTHONUNBUFFERED=1\nCOPY --from=build "
        b"/usr/local/lib/python3.13/site-packages /usr/local/lib/python3.13/site-packages\nCOPY app app\nUSER 1000\n"
        b'CMD ["uvicorn", "app.main:app", "--host", "0.0.0.0"]\n'
    )
    files = {"Dockerfile": text, "requirements.txt": b"uvicorn==0.38.0\n", "app/main.py": b"1\n"}
    report = rules.review({}, files, listing=dict.fromkeys(files, 0o100644))
    assert told(report) == ["console-scripts-not-copied"]


def test_a_package_that_goes_is_told_with_what_still_calls_it() -> None:
    text = (
        b"FROM debian:13-slim\nRUN apt-get update && apt-get install -y --no-install-recommends %sca-certificates && "
        b"rm -rf /var/lib/apt/lists/*\nCOPY shop /usr/local/bin/\nUSER 1000\nHEALTHCHECK CMD curl -f http://localhost/\n"
        b'ENTRYPOINT ["tini", "--", "shop"]\n'
    )
    report = rules.review({"Dockerfile": text % b"curl tini "}, {"Dockerfile": text % b""})
    assert told(report) == ["package-lost", "package-lost"]


def test_a_download_without_certificates_speaks_for_the_package_that_is_gone() -> None:
    text = (
        b"FROM debian:13-slim\nRUN apt-get update && apt-get install -y --no-install-recommends %sgit && "
        b'rm -rf /var/lib/apt/lists/*\nRUN git clone -b v1 https://git.example.org/shop\nUSER 1000\nCMD ["/shop/run"]\n'
    )
    report = rules.review({"Dockerfile": text % b"ca-certificates "}, {"Dockerfile": text % b""})
    assert told(report) == ["https-without-certificates"]
