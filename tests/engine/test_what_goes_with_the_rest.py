"""What goes with a start command, a user or an image that a change takes away: none of it is repaired by that."""

import rules
from rules import catalogue
from rules.matching.baselines import OF_WHAT_IS_LOST


def test_what_was_wrong_with_a_user_or_a_start_command_that_goes_is_not_repaired() -> None:
    build = "FROM python:3.13-slim AS base\nRUN useradd --uid 10001 app\nUSER app\n"
    before = f'{build}CMD ["python", "-m", "shop"]\nFROM base AS prod\nENV A=1\n'
    after = before.replace("FROM base AS prod", "FROM python:3.13-slim AS prod")
    findings = rules.review({"Dockerfile": before.encode()}, {"Dockerfile": after.encode()}).findings
    assert {"entrypoint-lost", "user-escalated"} <= {f.rule for f in findings if f.baseline == "new"}
    assert [f.rule for f in findings if f.baseline == "absent"] == []


def test_what_was_wrong_with_a_start_command_is_not_repaired_where_that_is_lost() -> None:
    before = (
        "FROM python:3.13-slim AS build\nWORKDIR /shop\nRUN python -m venv /shop/venv\nCOPY . .\n"
        "FROM python:3.13-slim\nCOPY --from=build /shop/venv /opt/venv\nARG PORT=8000\nEXPOSE 8080\nUSER 1000\n"
        "CMD gunicorn --bind 0.0.0.0:5000 --threads $PORT shop:app\n"
    )
    after = before.replace(before.splitlines()[-1], "LABEL a=b")
    old = {f.rule for f in rules.review({}, {"Dockerfile": before.encode()}).findings}
    assert {"arg-read-at-run-time", "expose-port-mismatch", "venv-relocated"} <= old
    findings = rules.review({"Dockerfile": before.encode()}, {"Dockerfile": after.encode()}).findings
    assert "entrypoint-lost" in {f.rule for f in findings if f.baseline == "new"}
    assert [f.rule for f in findings if f.baseline == "absent"] == []


def test_what_was_wrong_with_an_image_is_not_repaired_where_another_one_ships_by_mistake() -> None:
    before = (
        "FROM python:3.13-slim AS build\nRUN pip install --no-cache-dir till==1.0\nFROM python:3.13-slim\n"
        "COPY --from=build /usr/local /usr/local\nENV FLASK_DEBUG=1\nEXPOSE 22\nUSER 1000\nCMD python -m till\n"
    )
    after = before + 'FROM alpine:3.22 AS checks\nUSER 1000\nCMD ["true"]\n'
    findings = rules.review({"Dockerfile": before.encode()}, {"Dockerfile": after.encode()}).findings
    assert "default-target-changed" in {f.rule for f in findings if f.baseline == "new"}
    assert [f.rule for f in findings if f.baseline == "absent"] == []


def test_what_goes_with_the_rest_is_named_by_rules_that_there_are() -> None:
    named = {rule for lost, gone in OF_WHAT_IS_LOST.items() for rule in (lost, *gone)}
    assert named <= catalogue.by_id().keys()


def test_a_flag_that_takes_the_certificates_of_a_download_away_repairs_nothing() -> None:
    before = (
        "FROM debian:13-slim\nRUN apt-get update && apt-get install -y git && rm -rf /var/lib/apt/lists/*\n"
        'RUN git clone --branch v1.2 https://git.example.org/shop\nUSER 1000\nCMD ["/shop/run"]\n'
    )
    after = before.replace("install -y", "install -y --no-install-recommends")
    findings = rules.review({"Dockerfile": before.encode()}, {"Dockerfile": after.encode()}).findings
    assert [f.rule for f in findings if f.baseline == "new"] == ["https-without-certificates"]
    assert [f.rule for f in findings if f.baseline == "absent"] == []
