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
