"""The operator's secrets: given as text or as files, and shown nowhere."""

from __future__ import annotations

import copy
import pickle
import traceback
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from bot.secret import Secret
from bot.settings import SETTINGS
from tests.bot.test_settings import GITHUB, GITLAB, PEM, SIGNING_TOKEN, faults, pem, read

if TYPE_CHECKING:
    from pathlib import Path


def test_secrets_may_be_given_as_files(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(PEM + "\n")
    (tmp_path / "secret").write_text("from-a-file\n")
    settings = read(
        {
            "HULLCHECK_GITHUB_APP_ID": "12",
            "HULLCHECK_GITHUB_PRIVATE_KEY_FILE": str(tmp_path / "key.pem"),
            "HULLCHECK_GITHUB_WEBHOOK_SECRET_FILE": str(tmp_path / "secret"),
        }
    )
    assert settings.github is not None
    assert settings.github.webhook_secret == Secret("from-a-file")
    assert settings.github.private_key == Secret(PEM.strip())


@pytest.mark.parametrize("name", [setting.name for setting in SETTINGS if setting.secret])
def test_every_secret_has_a_file_form(name: str, tmp_path: Path) -> None:
    told = faults({f"{name}_FILE": str(tmp_path / "missing")})
    assert any(fault.startswith(f"{name}_FILE names a file that cannot be read (No such file") for fault in told)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "names an empty file"), (b" \n", "names an empty file"), (b"\xff\xfe", "is not text")],
)
def test_a_secret_file_that_holds_none(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(content)
    rest = {name: value for name, value in GITHUB.items() if not name.endswith("SECRET")}
    (fault,) = faults(rest, {"HULLCHECK_GITHUB_WEBHOOK_SECRET_FILE": str(tmp_path / "secret")})
    assert words in fault


def test_a_secret_of_bytes_that_are_no_text() -> None:
    rest = {name: value for name, value in GITHUB.items() if not name.endswith("SECRET")}
    (fault,) = faults(rest, {"HULLCHECK_GITHUB_WEBHOOK_SECRET": "abc\udcffdef"})
    assert fault.startswith("HULLCHECK_GITHUB_WEBHOOK_SECRET is not text")


@pytest.mark.parametrize("path", ["/", "a\0b"])
def test_a_secret_file_that_is_none(path: str) -> None:
    rest = {name: value for name, value in GITHUB.items() if not name.endswith("SECRET")}
    (fault,) = faults(rest, {"HULLCHECK_GITHUB_WEBHOOK_SECRET_FILE": path})
    assert "cannot be read" in fault


def test_a_secret_given_twice_is_a_fault() -> None:
    (fault,) = faults(GITHUB, {"HULLCHECK_GITHUB_WEBHOOK_SECRET_FILE": "/run/secrets/hook"})
    assert "HULLCHECK_GITHUB_WEBHOOK_SECRET_FILE are both set; keep one" in fault


def test_a_private_key_may_have_its_line_ends_written_out() -> None:
    settings = read(GITHUB, {"HULLCHECK_GITHUB_PRIVATE_KEY": PEM.replace("\n", "\\n")})
    assert settings.github is not None
    assert settings.github.private_key.reveal().strip() == PEM.strip()


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("not a key", "is not an unencrypted PEM private key"),
        (PEM[:400], "is not an unencrypted PEM private key"),
        (pem(ed25519.Ed25519PrivateKey.generate()), "is not an RSA key"),
    ],
)
def test_a_private_key_that_is_none(key: str, words: str) -> None:
    (fault,) = faults(GITHUB, {"HULLCHECK_GITHUB_PRIVATE_KEY": key})
    assert words in fault
    assert key not in fault


def test_a_secret_shows_in_no_repr_and_no_traceback() -> None:
    settings = read(GITHUB, GITLAB)
    shown = f"{settings} {settings!r} {[*settings.secrets()]} {settings.github:}"
    try:
        assert settings.github is None, settings.github
    except AssertionError as error:
        shown += "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "s3cret" not in shown
    assert "PRIVATE KEY" not in shown
    assert "glpat" not in shown


def test_every_secret_is_known_to_the_log() -> None:
    settings = read(GITHUB, GITLAB, {"HULLCHECK_GITLAB_SIGNING_TOKEN": SIGNING_TOKEN})
    known = {secret.reveal() for secret in settings.secrets()}
    assert known >= {PEM.strip(), "s3cret-of-the-webhook", "glpat-abc", "another-secret", SIGNING_TOKEN}


def test_a_secret_is_not_pickled_and_not_copied() -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Secret("x"))
    with pytest.raises(TypeError):
        copy.copy(Secret("x"))


def test_secrets_are_compared_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert {Secret("a"), Secret("a")} == {Secret("a")}
    assert not Secret("")
