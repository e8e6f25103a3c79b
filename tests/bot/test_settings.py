"""What the operator may say, and what is answered when it is wrong."""

from __future__ import annotations

import base64
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bot.secret import Secret
from bot.settings import SETTINGS, Settings, SettingsError, table


def pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


PEM = pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))
GITHUB = {
    "HULLCHECK_GITHUB_APP_ID": "12",
    "HULLCHECK_GITHUB_PRIVATE_KEY": PEM,
    "HULLCHECK_GITHUB_WEBHOOK_SECRET": "s3cret-of-the-webhook",
}
GITLAB = {"HULLCHECK_GITLAB_TOKEN": "glpat-abc", "HULLCHECK_GITLAB_WEBHOOK_SECRET": "another-secret"}
SIGNING_TOKEN = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def faults(*parts: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as error:
        read(*parts)
    return error.value.faults


def read(*parts: dict[str, str]) -> Settings:
    return Settings.from_env({name: value for part in parts for name, value in part.items()})


def test_a_github_app_is_enough() -> None:
    settings = read(GITHUB)
    assert (settings.host, settings.port, settings.log_level, settings.concurrency) == ("0.0.0.0", 8080, "info", 4)
    assert settings.database_url.reveal() == "sqlite+aiosqlite:///hullcheck.db"
    assert settings.github is not None
    assert (settings.github.app_id, settings.github.instance) == ("12", "api.github.com")
    assert settings.gitlab == ()
    assert settings.notices == ()


def test_a_gitlab_token_and_secret_are_enough() -> None:
    settings = read(GITLAB)
    assert settings.github is None
    assert [(each.url, each.instance) for each in settings.gitlab] == [("https://gitlab.com", "gitlab.com")]


def test_every_fault_is_told_at_once_by_name_with_its_remedy() -> None:
    told = faults(
        {
            "HULLCHECK_PORT": "99999",
            "HULLCHECK_LOG_LEVEL": "loud",
            "HULLCHECK_DATABASE_URL": "mysql://root@db/hull",
            "HULLCHECK_PUBLIC_URL": "example.com",
            "HULLCHECK_GITHUB_APP_ID": "my-app",
        }
    )
    names = [fault.split()[0].removeprefix("HULLCHECK_") for fault in told]
    assert sorted(names) == [
        "DATABASE_URL",
        "GITHUB_APP_ID",
        "GITHUB_PRIVATE_KEY",
        "GITHUB_WEBHOOK_SECRET",
        "LOG_LEVEL",
        "PORT",
        "PUBLIC_URL",
    ]
    assert all(fault.endswith(".") and ";" in fault for fault in told)


def test_no_forge_at_all_is_a_fault() -> None:
    (fault,) = faults({})
    assert fault.startswith("No forge is configured: set HULLCHECK_GITHUB_APP_ID")


@pytest.mark.parametrize("missing", sorted(GITHUB))
def test_half_a_github_app_is_a_fault(missing: str) -> None:
    (fault,) = faults({name: value for name, value in GITHUB.items() if name != missing})
    assert fault.startswith(f"{missing} is missing; ")


@pytest.mark.parametrize(
    ("given", "port"),
    [
        ({"PORT": "5000"}, 5000),
        ({"HULLCHECK_PORT": "5001"}, 5001),
        ({"PORT": "5000", "HULLCHECK_PORT": "5001"}, 5001),
        ({"HULLCHECK_PORT": "0"}, 0),
        ({"HULLCHECK_PORT": "tcp://10.0.0.1:80"}, 8080),
        ({"HULLCHECK_PORT": "tcp://10.0.0.1:80", "PORT": "5000"}, 5000),
        ({"HULLCHECK_PORT": ""}, 8080),
    ],
)
def test_the_port(given: dict[str, str], port: int) -> None:
    assert read(GITHUB, given).port == port


@pytest.mark.parametrize("port", ["-1", "65536", "80.0", "٨٠", "0x50", "8" * 5000])
def test_a_port_that_is_none(port: str) -> None:
    (fault,) = faults(GITHUB, {"HULLCHECK_PORT": port})
    assert fault.startswith("HULLCHECK_PORT is not a whole number from 0 to 65535; ")


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("sqlite:///data/hull.db", "sqlite+aiosqlite:///data/hull.db"),
        ("sqlite:////srv/hull.db", "sqlite+aiosqlite:////srv/hull.db"),
        ("postgresql://u:p@db/hull", "postgresql+asyncpg://u:p@db/hull"),
        ("postgres://u:p%40ss@db:5433/hull", "postgresql+asyncpg://u:p%40ss@db:5433/hull"),
        ("postgresql://db/hull?sslmode=require", "postgresql+asyncpg://db/hull?ssl=require"),
        ("postgresql://db/hull?sslmode=require&channel_binding=require", "postgresql+asyncpg://db/hull?ssl=require"),
        ("postgresql+asyncpg://db/hull", "postgresql+asyncpg://db/hull"),
    ],
)
def test_the_database_gets_its_async_driver(given: str, used: str) -> None:
    assert read(GITHUB, {"HULLCHECK_DATABASE_URL": given}).database_url.reveal() == used


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "sqlite:///:memory:", "sqlite://data/hull.db", "postgresql://db", "mysql://db/hull", "hull.db", ":"],
)
def test_a_database_that_cannot_be_used_is_refused_without_repeating_it(url: str) -> None:
    (fault,) = faults(GITHUB, {"HULLCHECK_DATABASE_URL": url.replace("//db", "//u:hunter22@db")})
    assert fault.startswith("HULLCHECK_DATABASE_URL ")
    assert "hunter22" not in fault


@pytest.mark.parametrize(
    ("given", "used"),
    [("https://hull.example.org/", "https://hull.example.org"), ("http://10.0.0.1:8080", "http://10.0.0.1:8080")],
)
def test_a_web_address_loses_its_last_slash(given: str, used: str) -> None:
    assert read(GITHUB, {"HULLCHECK_PUBLIC_URL": given}).public_url == used


@pytest.mark.parametrize(
    "url",
    ["ftp://x", "//x", "https://", "https://u:p@x", "https://x?q", "https://x#f", "http://[::1", "https://a b/"],
)
def test_a_web_address_that_is_none(url: str) -> None:
    (fault,) = faults(GITHUB, {"HULLCHECK_GITHUB_API_URL": url})
    assert fault.startswith("HULLCHECK_GITHUB_API_URL ")


def test_an_enterprise_server_names_its_instance() -> None:
    settings = read(GITHUB, {"HULLCHECK_GITHUB_API_URL": "https://git.example.org:8443/api/v3/"})
    assert settings.github is not None
    assert settings.github.api_url == "https://git.example.org:8443/api/v3"
    assert settings.github.instance == "git.example.org:8443"


def test_threads_are_resolved_on_github_only_where_that_is_asked_for() -> None:
    given = [read(GITHUB), read(GITHUB, {"HULLCHECK_GITHUB_RESOLVE": "ON"})]
    assert [each.github.resolves for each in given if each.github] == [False, True]
    (fault,) = faults(GITHUB, {"HULLCHECK_GITHUB_RESOLVE": "perhaps"})
    assert fault.startswith("HULLCHECK_GITHUB_RESOLVE is none of off, on")


def test_several_gitlab_instances_are_numbered() -> None:
    second = {"HULLCHECK_GITLAB_2_URL": "https://git.example.org", "HULLCHECK_GITLAB_2_TOKEN": "two"}
    settings = read(GITLAB, second, {"HULLCHECK_GITLAB_2_SIGNING_TOKEN": SIGNING_TOKEN})
    assert [each.instance for each in settings.gitlab] == ["gitlab.com", "git.example.org"]
    assert [each.webhook_secret for each in settings.gitlab] == [Secret("another-secret"), None]
    assert settings.gitlab[1].signing_token == Secret(SIGNING_TOKEN)


def test_gitlabs_verdicts_are_set_nowhere_unless_asked_for() -> None:
    second = {name.replace("GITLAB_", "GITLAB_2_"): value for name, value in GITLAB.items()}
    more = {"HULLCHECK_GITLAB_2_URL": "https://git.example.org", "HULLCHECK_GITLAB_2_STATUS": "Both"}
    settings = read(GITLAB, second, more, {"HULLCHECK_GITLAB_2_ACCOUNTS": "1203, 1877,"})
    assert [each.gate for each in settings.gitlab] == ["none", "both"]
    assert [each.accounts for each in settings.gitlab] == [(), (1203, 1877)]
    assert settings.notices == ()


@pytest.mark.parametrize(("name", "value"), [("STATUS", "check"), ("ACCOUNTS", "hullcheck"), ("ACCOUNTS", "-1")])
def test_a_gitlab_setting_that_means_nothing_is_a_fault(name: str, value: str) -> None:
    (fault,) = faults(GITLAB, {f"HULLCHECK_GITLAB_{name}": value})
    assert fault.startswith(f"HULLCHECK_GITLAB_{name} is ")


def test_the_same_gitlab_instance_twice_is_a_fault() -> None:
    again = {name.replace("GITLAB_", "GITLAB_3_"): value for name, value in GITLAB.items()}
    (fault,) = faults(GITLAB, again, {"HULLCHECK_GITLAB_3_URL": "https://gitlab.com/"})
    assert fault.startswith("HULLCHECK_GITLAB_3_URL names the same instance as HULLCHECK_GITLAB_URL")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"HULLCHECK_GITLAB_WEBHOOK_SECRET": "s"}, "HULLCHECK_GITLAB_TOKEN is missing"),
        ({"HULLCHECK_GITLAB_TOKEN": "t"}, "HULLCHECK_GITLAB_WEBHOOK_SECRET is missing"),
        ({"HULLCHECK_GITLAB_URL": "https://git.example.org", **GITHUB}, "HULLCHECK_GITLAB_TOKEN is missing"),
        ({"HULLCHECK_GITLAB_2_TOKEN": "t", **GITHUB}, "HULLCHECK_GITLAB_2_URL is missing"),
        ({**GITLAB, "HULLCHECK_GITLAB_SIGNING_TOKEN": "whsec_short"}, "HULLCHECK_GITLAB_SIGNING_TOKEN is not"),
        ({**GITLAB, "HULLCHECK_GITLAB_SIGNING_TOKEN": SIGNING_TOKEN[6:]}, "HULLCHECK_GITLAB_SIGNING_TOKEN is not"),
    ],
)
def test_half_a_gitlab_instance_is_a_fault(given: dict[str, str], name: str) -> None:
    assert any(fault.startswith(name) for fault in faults(given))


def test_a_misspelt_name_is_noticed() -> None:
    settings = read(GITHUB, {"HULLCHECK_LOGLEVEL": "debug", "HULLCHECK_SERVICE_HOST": "10.0.0.1", "OTHER": "x"})
    assert settings.notices == ("HULLCHECK_LOGLEVEL is set and means nothing here; did you mean HULLCHECK_LOG_LEVEL?",)


def test_the_table_has_a_row_for_every_setting() -> None:
    rows = table().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == [setting.name for setting in SETTINGS]


def test_the_table_is_printed_on_demand() -> None:
    printed = subprocess.run([sys.executable, "-m", "bot.settings"], capture_output=True, text=True, check=True)
    assert printed.stdout == table()
