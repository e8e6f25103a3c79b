"""A mode for developers that services of the repository do not run in is a small thing."""

import rules

COMPOSE = b"services:\n  web:\n    build: .\n    %s\n"


def is_minor(text: str, setting: bytes) -> bool:
    files = {"Dockerfile": text.encode(), "compose.yaml": COMPOSE % setting}
    return next(one.minor for one in rules.review({}, files).findings if one.rule == "debug-mode-shipped")


def test_a_start_command_in_whose_place_each_service_has_another() -> None:
    text = 'FROM node:24-slim\nCMD ["npx", "nodemon", "server.js"]\n'
    assert is_minor(text, b"command: node server.js")
    assert not is_minor(text, b"ports: ['80:80']")


def test_a_variable_that_each_service_gives_its_container() -> None:
    text = 'FROM node:24-slim\nENV NODE_ENV=development\nCMD ["node", "server.js"]\n'
    assert is_minor(text, b"environment: [NODE_ENV=production]")
    assert not is_minor(text, b"environment: [PORT=80]")
