"""Which files hold secrets, by their names."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from rules.api import Copy, Stage

Kind = Literal["private key", "credentials", "environment", "client configuration"]

_PRIVATE = re.compile(
    r"(?:.*[-_.])?id_(?:rsa|dsa|ecdsa|ed25519)(?:[-_]\w+|\.(?:old|bak|pem|key))?|(?:.*[-_.])?private[-_]key(?:[-_]file)?|privkey|"
    r"ssh_host_(?:rsa|dsa|ecdsa|ed25519)_key|(?:.*[-_.])?deploy[-_]?key|(?:.*[-_.])?priv(?:ate|key)?(?:[-_.]?key)?\.(?:pem|key)|(?:.*[-_.])?key\.pem|[^*]+\.(?:key|p12|pfx|ppk|jks|keystore)",
    re.IGNORECASE,
)
_CREDENTIALS = re.compile(
    r"\.netrc|_netrc|\.git-credentials|\.pgpass|\.vault-token|\.htpasswd|kubeconfig|.*\.kubeconfig|(?:.*[-_.])?credentials?\.(?:json|ya?ml|csv)"
    r"|(?:.*[-_.])?service[-_]?account(?:[-_.].*)?\.json|client_secrets?.*\.json|(?:.*\.)?secrets?\.(?:json|ya?ml|toml|env|properties)|"
    r"(?:.*\.)?tfvars|.*\.tfstate|master\.key|gcloud.*\.json|(?:.*-)?firebase-adminsdk.*\.json|gha-creds-.*\.json|"
    r"\.s3cfg|\.boto|\.dockercfg|\.dockerconfigjson|(?:gcp|google|sa)[-_](?:.*[-_])?key\.json",
    re.IGNORECASE,
)
_PATHS = re.compile(
    r"(?:^|/)(?:\.aws(?:/credentials)?|\.ssh|\.kube(?:/config)?|\.docker/config\.json|\.gnupg|\.config/gcloud)/?$"
)
_PLACES: dict[Kind, re.Pattern[str]] = {
    "private key": re.compile(r"/\.ssh/id_(?:rsa|dsa|ecdsa|ed25519)$"),
    "credentials": re.compile(r"/(?:\.netrc|\.git-credentials|\.pgpass|\.aws/credentials|\.kube/config)$"),
    "client configuration": re.compile(r"/\.(?:config/)?composer/auth\.json$"),
}
"""Where ssh, git, psql and the clients of AWS, Kubernetes and Composer look for what lets them in."""
_ENVIRONMENT = re.compile(
    r"\.env(?:\.(?!.*(?:example|sample|dist|template|tmpl|tpl|default|test|ci|schema|vault|docs?))[\w.-]+)?",
    re.IGNORECASE,
)
_CLIENT = re.compile(
    r"\.npmrc|\.pypirc|pip\.conf|\.gem/credentials|nuget\.config|settings\.xml|auth\.json", re.IGNORECASE
)
_SHOWN = (
    r"example|sample|dummy|fake|mock|fixture|test|snakeoil|template|\.dist$|public|\.pub$|schema|insecure|localhost|"
    r"self[-_]?signed"
)
_OF_SHOW = re.compile(_SHOWN, re.IGNORECASE)
"""What guards nothing: examples, what tests use, what everybody has."""
_HARMLESS = re.compile(
    rf"{_SHOWN}|trust|cacerts|gpg|release|archive|signing|repo|apt|rpm|keyring|vendor|licen[cs]e|\.enc$|\.crt|sealed",
    re.IGNORECASE,
)


_PUBLIC_TEXT = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ )*(?:PUBLIC KEY|CERTIFICATE)|^(?:ssh|ecdsa)-[\w-]+ [A-Za-z0-9+/]+", re.MULTILINE
)
_ENCRYPTED = re.compile(r"\bENC\[AES256_GCM,|^\$ANSIBLE_VAULT;|[\"'=]encrypted:|^kind: SealedSecret\b", re.MULTILINE)
_OF_DOCKER = re.compile(r"(?:^|/)(?:\.docker/config\.json|\.dockercfg|\.dockerconfigjson)$")
_LOGGED_IN = re.compile(r"\"(?:auth|password|identitytoken|registrytoken)\"\s*:\s*\"[^\"$]", re.IGNORECASE)
"""Fields of Docker's client configuration that let somebody in; `credHelpers` and `credsStore` name programs."""
_IMPORTS = re.compile(r"--import\b|--dearmor\b|\badd\b")


class Held(NamedTuple):
    """What a file holds that goes by the name of a secret.

    Attributes:
        clause: As a sentence goes on behind "which".
        likely: Whether it is likely that secrets are among it.
        read: Whether its text was read.
    """

    clause: str
    likely: bool
    read: bool


def secret_file(path: str) -> Kind | None:
    """Return what kind of secret a file's name says it holds; `None` for public ones, examples and all others."""
    path = path.removesuffix("/*")
    name = posixpath.basename(path.rstrip("/"))
    if _PATHS.search(path):
        return "credentials"
    if _ENVIRONMENT.fullmatch(name):
        return "environment"
    if _CLIENT.fullmatch(name):
        return "client configuration" if name.lower() not in ("settings.xml", "auth.json", "nuget.config") else None
    kind: Kind | None = None
    if _CREDENTIALS.fullmatch(name):
        kind = "credentials"
    elif _PRIVATE.fullmatch(name):
        kind = "private key"
    return kind if kind is not None and not _HARMLESS.search(path) else None


def is_called_key(path: str) -> bool:
    """Tell whether a file is called a private key, whatever it is for, and is not one for tests or of an example."""
    return _PRIVATE.fullmatch(posixpath.basename(path)) is not None and _OF_SHOW.search(path) is None


def guards_nothing(path: str) -> bool:
    """Tell whether a key's path says that it is of an example or of tests, or only checks signatures."""
    return _HARMLESS.search(path) is not None


def secret_by_place(path: str, target: str) -> Kind | None:
    """Return what kind of secret a file must be where it is copied to, whatever it is called; `None` for examples."""
    if _HARMLESS.search(path):
        return None
    return next((kind for kind, place in _PLACES.items() if place.search(target)), None)


def is_public(kind: Kind, copy: Copy, stage: Stage) -> bool:
    """Tell whether a copied key is a public one: it is named so where it goes, or only checks signatures."""
    if kind != "private key":
        return False
    word = copy.destination_word
    if word is not None and re.search(r"\.pub$|public|trusted|keyring|\.asc$", word.text):
        return True
    return any(_IMPORTS.search(str(command)) for run in stage.runs for command in run.calls("gpg", "apt-key", "rpm"))


def is_known_harmless(text: str | None, exists: bool | None) -> bool:  # noqa: FBT001 - as the repository answers
    """Tell whether a registry client's configuration gives nothing away.

    Args:
        text: Its content, if it was read: then no credential, or only a variable, is harmless.
        exists: Whether the repository has it: what is committed for everyone to use is taken for settings.
    """
    if text is None:
        return bool(exists)
    found = re.findall(r"(?:_authToken|_auth|_password|password|npmAuthToken|npmAuthIdent)\s*[=:]\s*(\S+)", text)
    return all("$" in value for value in found) and not re.search(r"://[^/\s:@]+:[^$/\s@][^/\s@]*@", text)


def names_helpers_only(path: str, text: str | None) -> bool:
    """Tell whether a configuration of Docker's client was read and logs in nowhere by itself."""
    return text is not None and _OF_DOCKER.search(path) is not None and _LOGGED_IN.search(text) is None


def is_encrypted(text: str | None) -> bool:
    """Tell whether a text was read and its secrets are encrypted: by SOPS, Ansible Vault, dotenvx or Sealed Secrets."""
    return text is not None and bool(_ENCRYPTED.search(text))


def is_public_text(text: str | None) -> bool:
    """Tell whether a key's text was read and is that of a public one or of certificates (RFC 7468)."""
    return text is not None and "PRIVATE KEY" not in text and bool(_PUBLIC_TEXT.search(text))


def may_be_a_key(text: str) -> bool:
    """Tell whether the text of a file that is called like a private key may be one.

    It says so (RFC 7468), is no text at all, or is one word: the key of Rails' credentials.
    """
    if is_public_text(text) or is_encrypted(text):
        return False
    return "PRIVATE KEY" in text or "\ufffd" in text or len(text.split()) == 1
