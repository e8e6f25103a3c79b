"""What the log shows and what it never shows."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from bot.log import JsonLines, Redactor
from bot.secret import Secret

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nabc+/=\n-----END RSA PRIVATE KEY-----"


def line(message: str, *args: object, secrets: tuple[Secret, ...] = (), **extra: object) -> dict[str, Any]:
    record = logging.makeLogRecord({"msg": message, "args": args, "levelno": 20, "levelname": "INFO", **extra})
    read: dict[str, Any] = json.loads(JsonLines(Redactor(secrets)).format(record))
    return read


@pytest.mark.parametrize(
    "text",
    [
        "ghs_16C7e42F292c6912E7710c838347Ae178B4a",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "ghs_12345_eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2ln-bmF0_dXJl",
        "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz",
        "glpat-xxxxxxxxxxxxxxxxxxxx",
        "glpat-x.01.abcdef",
        "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2lnbmF0dXJl",
        PEM,
        PEM.replace("\n", "\\n"),
        PEM[:60],
    ],
)
def test_what_looks_like_a_credential_is_blotted_out(text: str) -> None:
    assert Redactor()(f"before {text} after").replace("[secret] after", "[secret]") == "before [secret]"


@pytest.mark.parametrize(
    "header",
    [
        "Authorization: Bearer abc.def",
        "authorization: token abc",
        "{'Authorization': 'Basic abc='}",
        '"PRIVATE-TOKEN": "abc"',
        "X-Gitlab-Token=abc",
        "x-hub-signature-256: sha256=abc",
        "webhook-signature: v1,abc",
    ],
)
def test_headers_with_credentials_keep_their_name_only(header: str) -> None:
    shown = Redactor()(header)
    assert "abc" not in shown
    assert "[secret]" in shown


def test_a_password_in_a_url_is_blotted_out() -> None:
    assert Redactor()("postgresql://hull:hunter22@db/hull") == "postgresql://hull:[secret]@db/hull"


def test_the_secrets_of_the_settings_are_blotted_out_whatever_they_look_like() -> None:
    redact = Redactor([Secret("correct horse"), Secret("correct horse battery"), Secret("abc")])
    assert redact("correct horse battery, correct horse, abc") == "[secret], [secret], abc"


def test_secrets_are_found_in_arguments_extras_and_tracebacks() -> None:
    secret = Secret("correct horse")
    fault = ValueError("the password is correct horse")
    found = line(
        "a %s and", "correct horse", secrets=(secret,), url="x?correct horse", exc_info=(ValueError, fault, None)
    )
    assert "correct horse" not in json.dumps(found)
    assert found["message"] == "a [secret] and"
    assert found["traceback"].endswith("ValueError: the password is [secret]")


def test_a_record_is_one_line_whatever_is_in_it() -> None:
    found = line("one\ntwo\u2028three \ud800 \x1b[31m", count=3, ok=True, nothing=None)
    assert found["message"].startswith("one\ntwo")
    assert (found["level"], found["count"], found["ok"], found["nothing"]) == ("info", 3, True, "None")


def test_the_line_itself_holds_ascii_only() -> None:
    record = logging.makeLogRecord({"msg": "é\n\u202e"})
    assert JsonLines(Redactor()).format(record).isascii()
    assert "\n" not in JsonLines(Redactor()).format(record)
