"""Which files hold secrets, by their names."""

from __future__ import annotations

import posixpath
import re
from typing import Literal

Kind = Literal["private key", "credentials", "environment", "client configuration"]

_PRIVATE = re.compile(
    r"id_(?:rsa|dsa|ecdsa|ed25519)|(?:.*[-_.])?priv(?:ate|key)?(?:[-_.]?key)?\.(?:pem|key)|(?:.*[-_.])?key\.pem|[^*]+\.(?:key|p12|pfx|ppk|jks|keystore)",
    re.IGNORECASE,
)
_CREDENTIALS = re.compile(
    r"\.netrc|_netrc|\.git-credentials|\.pgpass|\.vault-token|\.htpasswd|kubeconfig|.*\.kubeconfig|(?:.*[-_.])?credentials?\.(?:json|ya?ml|csv)"
    r"|(?:.*[-_.])?service[-_]?account(?:[-_.].*)?\.json|client_secrets?.*\.json|(?:.*\.)?secrets?\.(?:json|ya?ml|toml|env|properties)|"
    r"(?:.*\.)?tfvars|master\.key|gcloud.*\.json",
    re.IGNORECASE,
)
_PATHS = re.compile(
    r"(?:^|/)(?:\.aws(?:/credentials)?|\.ssh|\.kube(?:/config)?|\.docker/config\.json|\.gnupg|\.config/gcloud)/?$"
)
_ENVIRONMENT = re.compile(
    r"\.env(?:\.(?!.*(?:example|sample|dist|template|tmpl|tpl|default|test|ci|schema|vault|docs?))[\w.-]+)?",
    re.IGNORECASE,
)
_CLIENT = re.compile(
    r"\.npmrc|\.yarnrc\.yml|\.pypirc|pip\.conf|\.gem/credentials|nuget\.config|settings\.xml|auth\.json", re.IGNORECASE
)
_HARMLESS = re.compile(
    r"example|sample|dummy|fake|mock|fixture|test|snakeoil|template|\.dist$|public|\.pub$|schema|insecure|localhost|self[-_]?signed|selfsigned|"
    r"trust|cacerts|gpg|release|archive|signing|repo|apt|rpm|keyring|vendor|\.enc$|\.crt|sealed",
    re.IGNORECASE,
)


def secret_file(path: str) -> Kind | None:
    """Return what kind of secret a file's name says it holds; `None` for public ones, examples and all others."""
    name = posixpath.basename(path.rstrip("/"))
    if _PATHS.search(path):
        return "credentials"
    if _ENVIRONMENT.fullmatch(name):
        return "environment"
    if _CLIENT.fullmatch(name):
        return "client configuration" if name.lower() not in ("settings.xml", "auth.json", "nuget.config") else None
    if _HARMLESS.search(path):
        return None
    if _CREDENTIALS.fullmatch(name):
        return "credentials"
    return "private key" if _PRIVATE.fullmatch(name) else None


def holds_no_credential(text: str | None) -> bool:
    """Tell whether a client's configuration, as read from the repository, holds no credential or only a variable."""
    if text is None:
        return False
    found = re.findall(r"(?:_authToken|_auth|_password|password|npmAuthToken|npmAuthIdent)\s*[=:]\s*(\S+)", text)
    return all("$" in value for value in found) and not re.search(r"://[^/\s:@]+:[^$/\s@][^/\s@]*@", text)
