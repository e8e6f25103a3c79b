"""The private keys that commands make, where they write them, and whether anybody trusts them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rules.api import Command

HOST_KEYS = "/etc/ssh/ssh_host_rsa_key"
"""One of the files that `ssh-keygen -A` writes (OpenSSH, ssh-keygen(1))."""
SELF_SIGNED = "a self-signed certificate and its key"
MAKERS = ("openssl", "ssh-keygen", "keytool", "dropbearkey", "certtool", "wg")

_NO_NEW_KEY = (
    "-l", "-y", "-R", "-F", "-H", "-e", "-i", "-s", "-p", "-c", "-K", "-k", "-Q", "-B", "-r", "-Y", "-M", "-L", "-D",
)  # fmt: skip
"""Options of `ssh-keygen` that read, sign with or edit what is there."""
_ENCRYPTS = re.compile(r"-(?:aes\d*\S*|des3?|camellia\S*|aria\S*|passout|cipher)\Z")
_PLAIN = ("-nodes", "-noenc", "-config")
"""Options of `openssl req` without which a new key gets a passphrase, or the build ends at the question for one; a
configuration of its own may say `encrypt_key = no` (openssl-req(1); tried)."""
_NO_FILES = re.compile(r"-\Z|/(?:dev|proc)/")


class Made(NamedTuple):
    """A private key that a command makes.

    Attributes:
        file: Where it writes it, as written.
        what: What is made, for the message.
    """

    file: str
    what: str


def made_by(command: Command) -> Made | None:
    """Return the key that a command makes and writes to a file; a key with a passphrase is left alone."""
    reader = _READERS.get(command.name)
    file, what = reader(command) if reader is not None else (None, "")
    return Made(file, what) if file and not _NO_FILES.match(file) else None


_Key = tuple[str | None, str]


def _by_ssh_keygen(command: Command) -> _Key:
    """Read `ssh-keygen`: where nobody can be asked for a passphrase, there is none (OpenSSH 9.2, tried)."""
    if command.has("-A"):
        return HOST_KEYS, "SSH host keys"
    file = command.option("-f")
    if file is None or command.has(*_NO_NEW_KEY) or command.option("-N"):
        return None, ""
    if "ssh_host" in file:
        return (HOST_KEYS, "SSH host keys") if "$" in file else (file, "an SSH host key")
    return file, "an SSH key"


def _by_keytool(command: Command) -> _Key:
    """Read `keytool -genkeypair`, which wraps the key in a self-signed certificate unless it is told a signer.

    A store whose password is in no file of the image cannot be read (Java's "keytool Command").
    """
    words = [word.value for word in command.args]
    hidden = any(word.startswith("-storepass:") for word in words) or "$(" in (command.option("-storepass") or "")
    if hidden or not command.has("-genkeypair", "-genkey"):
        return None, ""
    return command.option("-keystore"), "a key pair" if "-signer" in words else SELF_SIGNED


def _by_openssl(command: Command) -> _Key:
    """Read `openssl` (its manual: genrsa, genpkey, ecparam, req)."""
    words = [word.value for word in command.args]
    verb = words[0] if words else ""
    if any(_ENCRYPTS.match(word) for word in words):
        return None, ""
    if verb == "req":
        new = "-newkey" in words or ("-key" not in words and ("-x509" in words or "-new" in words))
        what = SELF_SIGNED if "-x509" in words else "a private key"
        return (command.option("-keyout") if new and not set(_PLAIN).isdisjoint(words) else None), what
    made = verb in ("genrsa", "gendsa") or (verb == "genpkey" and "-genparam" not in words)
    if made or (verb in ("ecparam", "dsaparam") and "-genkey" in words):
        return command.option("-out", "--out") or _redirected(command), "a private key"
    return None, ""


def _by_dropbear(command: Command) -> _Key:
    """Read `dropbearkey`, which shows a key that is there with `-y` (its manual)."""
    return (None if command.has("-y") else command.option("-f")), "an SSH host key"


def _by_certtool(command: Command) -> _Key:
    """Read GnuTLS' `certtool` (its manual)."""
    plain = command.has("-p", "--generate-privkey") and not command.has("--password", "--pkcs-cipher")
    return (command.option("--outfile") if plain else None), "a private key"


def _by_wireguard(command: Command) -> _Key:
    """Read `wg genkey`, which writes to its output (wg(8))."""
    return (_redirected(command) if command.subcommand == "genkey" else None), "a private key"


def _redirected(command: Command) -> str | None:
    return next((one.target.value for one in command.redirects if one.operator == ">" and one.target is not None), None)


_READERS = dict(
    zip(MAKERS, (_by_openssl, _by_ssh_keygen, _by_keytool, _by_dropbear, _by_certtool, _by_wireguard), strict=True)
)
