"""The words that switch the check of certificates off, by program."""

from __future__ import annotations

import re

FLAGS: dict[str, tuple[str, ...]] = {
    "curl": ("-k", "--insecure", "--proxy-insecure"),
    "wget": ("--no-check-certificate", "--no-check-cert", "--no-check"),  # getopt takes what begins no other option
    **dict.fromkeys(("apk", "opkg"), ("--no-check-certificate",)),
    "pip": ("--trusted-host",),
    "uv": ("--allow-insecure-host", "--trusted-host"),
    "conda": ("-k", "--insecure"),
    "mamba": ("-k", "--insecure"),
    "npm": ("--no-strict-ssl",),
    "pnpm": ("--no-strict-ssl",),
    "aws": ("--no-verify-ssl",),
    "helm": ("--insecure-skip-tls-verify",),
    "kubectl": ("--insecure-skip-tls-verify",),
    "skopeo": ("--tls-verify=false", "--src-tls-verify=false"),
    **dict.fromkeys(("buildah", "podman"), ("--tls-verify=false",)),
    **dict.fromkeys(
        ("mvn", "mvnw"), ("-Dmaven.wagon.http.ssl.insecure=true", "-Daether.connector.https.securityMode=insecure")
    ),
    "aria2c": ("--check-certificate=false",),
    "http": ("--verify=no",),
    "svn": ("--trust-server-cert",),
}
SHORT_FOR = {"-k": "--insecure", "--no-check-cert": "--no-check-certificate", "--no-check": "--no-check-certificate"}
"""Flags that are another one in fewer letters."""
PIP = re.compile(r"pip\d*(?:\.\d+)*")
WITH_HOST = ("--trusted-host", "--allow-insecure-host")
"""The next word is theirs."""
SAID = ("insecure", "check-certificate", "no-check", "trust", "verify", "strict-ssl", "strict_ssl", "tls_reject")
"""Texts of which every flag and every variable holds one, in lower case, but for `-k`: in most RUNs there is none."""
SHORT = re.compile(r"-\w*k")
CONFIGURED = re.compile(
    r"""(?:(?:strict-ssl|enableStrictSsl)["']?[\s=:]+["']?false|sslverify["']?[\s=:]+["']?(?:false|0|no)|http\.sslVerify["']?[\s=]+["']?(?:false|0)|"""
    r"""--setopt[=\s]+(?:\S+\.)?sslverify=(?:0|false|no)|Verify-(?:Peer|Host)(?:[\s=]+"false"|["'\s=]+["']?false)|"""
    r"""check[-_]certificate\s*=\s*(?:off|no)|\.trusted-host\s+[^\s"']+|(?:(?<![-.\w])|(?<=\\n))trusted-host\s*=\s*[^\s"'\\]+|disable-tls["']?[\s:=]+["']?true|"""
    r"""ssl_verify["']?[\s:=]+["']?(?:false|no)|ssl_verify_mode["']?[\s:=]+["']?(?:0|none)\b|"""
    r"""certificates\.\S+\.cert\s+["']?false|(?<=-w )GOINSECURE=[^\s"']+|unsafe-perm-ssl)""",
    re.IGNORECASE,
)
_PUT_BY_SED = re.compile(
    r"(?:^|;\s*|\s)s(?P<by>[/|#,@!])(?:\\.|(?!(?P=by))[^\\])*(?P=by)(?P<put>(?:\\.|(?!(?P=by))[^\\])*)(?P=by)"
    r"|^[^a-z]*[aci]\\?\s+(?P<line>.+)"
)
"""What a script of sed puts in the place of a text, or in as a line."""
_IN_PLACE = re.compile(r"-[nrEsuz]*i|--in-place")


def puts_by_sed(words: tuple[str, ...]) -> bool:
    """Tell whether sed writes such a setting to its file: what it looks for, or deletes, is none."""
    found = (match for word in words for match in _PUT_BY_SED.finditer(word))
    return any(map(_IN_PLACE.match, words)) and any(
        CONFIGURED.search(match["put"] or match["line"] or "") for match in found
    )


SETTINGS = (
    *("strict-ssl", "strictssl", "sslverify", "ssl_verify", "verify-peer", "verify-host", "check-certificate"),
    *("check_certificate", "trusted-host", "disable-tls", "certificates.", "-w goinsecure", "unsafe-perm-ssl"),
)
"""Texts of which every such setting holds one, in lower case."""
SETTINGS_FILE = re.compile(
    r"(?:npmrc|\.yarnrc(?:\.yml)?|pip\.(?:conf|ini)|(?:yum|dnf)\.conf|\.repo|/apt/\S+|apt\.conf|gitconfig|wgetrc|condarc|"
    r"gemrc)$"
)
"""Files that such settings are read from."""
IN_OPTIONS = {"MAVEN_OPTS": "mvn", "MAVEN_ARGS": "mvn"}
"""Variables that hold options, with the program that they are options of."""
ENVIRONMENT: dict[str, tuple[str, tuple[str, ...] | None]] = {
    "PYTHONHTTPSVERIFY": ("python", ("0",)),
    "NODE_TLS_REJECT_UNAUTHORIZED": ("node", ("0",)),
    "GIT_SSL_NO_VERIFY": ("git", None),  # git looks only whether it is set: `http.c`
    "NPM_CONFIG_STRICT_SSL": ("npm", ("false",)),
    "YARN_STRICT_SSL": ("yarn", ("false",)),
    "YARN_ENABLE_STRICT_SSL": ("yarn", ("false",)),
    "PIP_TRUSTED_HOST": ("pip", None),
    "UV_INSECURE_HOST": ("uv", None),
    "BUNDLE_SSL_VERIFY_MODE": ("bundle", ("0", "none")),
    "CONDA_SSL_VERIFY": ("conda", ("false", "0", "no")),
    "GOINSECURE": ("go", None),
}
"""Variables with the program that reads them, and the values that switch its check off; none: any."""
