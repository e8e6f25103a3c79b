"""Numbers of any length: Python converts none of some thousand digits, and strangers write what they like."""

from __future__ import annotations

import pytest

import rules
from rules import catalogue

LONG = "9" * 5000
OFF = tuple(rule.id for rule in catalogue.load() if rule.default == "off")

DOCKERFILES = {
    "packages": "FROM debian:10\nRUN apt-get update && apt-get install -y curl={} python3.{}-dev libicu{}\n",
    "pip": "FROM python:3.13\nRUN pip install numpy=={} 'pandas<{}' poetry=={} && poetry install --no-dev\n",
    "gem": "FROM ruby:2.5\nRUN gem install bundler:{} && bundle install\n",
    "NodeSource": "FROM debian:12\nRUN curl https://deb.nodesource.com/setup_{}.x | bash - && npm ci --only=prod\n",
    "nvm": "FROM debian:12\nRUN nvm install {} && npm ci --production && npm run build\n",
    "archive": "FROM debian:12\nRUN curl -O https://nodejs.org/dist/node-v{}.1.1.tar.gz\nRUN npm ci --only=prod\n",
    "ports": "FROM nginx\nEXPOSE {}\nCMD server --port={}\nHEALTHCHECK CMD curl -f http://localhost:{}/ || exit 1\n",
    "accounts": "FROM debian:12\nRUN useradd -u {} x && chmod {} /x && chown {}:{} /x\nUSER {}:{}\n",
    "comments": "# syntax=docker/dockerfile:1.{}\n# hadolint ignore=DL{}\n# trivy:ignore:DS-{}\nFROM a:{}\nRUN a\n",
    "here-documents": "FROM debian:12\nRUN <<EOF {}<<E2 cat\na {}>b\nEOF\nE2\nCOPY --from={} /a /b\n",
}
"""Dockerfiles in which `{}` stands for the number."""

FILES = {
    "package.json": '{"engines": {"node": ">=%s"}, "dependencies": {"bcrypt": "%s", "@prisma/client": "%s"}}',
    "pyproject.toml": '[project]\nname = "x"\nrequires-python = ">=%s"\n',
    "go.mod": "module x\n\ngo 1.%s\n",
    "Cargo.toml": '[package]\nname = "x"\nrust-version = "1.%s"\n',
    "Gemfile": 'ruby "%s"\n',
    "composer.json": '{"require": {"php": ">=%s"}}',
}
STAGES = {
    "node:{}": "npm ci --ignore-scripts && npm run build",
    "python:3.{}": "pip install .",
    "golang:1.{}": "go build ./...",
    "rust:1.{}": "cargo build",
    "ruby:3.{}": "bundle install",
    "php:8.{}": "composer install",
}


@pytest.mark.parametrize("place", DOCKERFILES)
def test_a_dockerfile_with_a_long_number_is_reviewed(place: str) -> None:
    before, after = (DOCKERFILES[place].replace("{}", number).encode() for number in ("1", LONG))
    assert rules.review({"Dockerfile": before}, {"Dockerfile": after}, enable=OFF).crashes == ()


@pytest.mark.parametrize("image", STAGES)
def test_a_project_with_a_long_number_is_reviewed(image: str) -> None:
    files = {name: text.replace("%s", LONG).encode() for name, text in FILES.items()}
    before, after = (
        {
            "Dockerfile": f"FROM {image.replace('{}', line)}\nWORKDIR /a\nCOPY . .\nRUN {STAGES[image]}\n".encode(),
            **files,
        }
        for line in ("1", "2")
    )
    assert rules.review(before, after, enable=OFF).crashes == ()
