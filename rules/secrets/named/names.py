"""Which names say that a variable holds a secret, and which values could be one."""

from __future__ import annotations

import re

from rules.secrets.named.public_identifiers import is_public, names_a_public_one
from rules.secrets.named.published_examples import is_published_example

_SECRET = re.compile(
    r"(?:^|[_-])(?:[A-Z]*(?<!NO)(?:PASSWORDS?|PASSWD|PASSPHRASE)|PSW|PASS|PWD|SSHPASS|SECRETS?|"
    r"(?:ACCESS|AUTH|API|BEARER|CLIENT|REFRESH|GITHUB|GITLAB|NPM)?(?:TOKENS?|(?<=T)SECRET)|APIKEY|API_?KEY|ACCESS_?KEY(?:_ID)?|"
    r"(?:PRIVATE|PRIV|PRV)_?KEY|SECRET_?KEY(?:_BASE)?|MASTER_?KEY|ENCRYPTION_?KEY|SIGNING_?KEY|(?:SSH|DEPLOY|RSA|JWT|HMAC|FERNET)_?KEY|AUTH(?=$)|"
    r"(?:STORAGE|BLOB|COSMOS(?:_?DB)?|SERVICE_?BUS|EVENT_?HUBS?|IOT_?HUB)_?CONNECTION_?STRING|CREDENTIALS?|CREDS|AUTHORIZATION|AUTH_STRING|ID_(?:RSA|DSA|ECDSA|ED25519)|"
    r"(?:GH|GHCR|GIT|GITHUB|GITLAB|ADO|DEVOPS|VSTS|DOCKER|DOCKERHUB|NUGET|NPM|FEED|REPO)_PAT)(?:$|[_-])",
    re.IGNORECASE,
)
_NOT_SECRET = re.compile(
    r"(?:^|[_-])(?:PUBLIC|NO|ALLOW|ENABLE[D]?|DISABLE[D]?|USE|REQUIRE[D]?|SKIP)[_-]|"
    r"[_-](?:FILE|FILES|PATH|DIR|URL|URI|HOST|PORT|NAME|VERSION|ALIAS|ENABLED|DISABLED|TYPE|MODE|METHOD|HEADER|LENGTH|SIZE|"
    r"MIN|MAX|EXPIRY|EXPIRE[S]?|EXPIRATION|TTL|TIMEOUT|POLICY|ISSUER|ALGORITHM|ALGO|FORMAT|PREFIX|SUFFIX|REQUIRED|USER|"
    r"USERNAME|PROVIDER|BACKEND|DRIVER|MODULE|ENDPOINT|REALM|COUNT|LIMIT|ROTATION|STORE|ENV|VAR|REF|ARN|HASH_ROUNDS|"
    r"MODULE_VERSION|PLUGIN|SCHEME|SERVICE|SOCK|SOCKET|DOMAIN|ROLE|SCOPE|AUDIENCE|COLOR|PARALLELISM|MANAGER|PROMPT(?:_STRING)?|"
    r"HASHER|ENCODER|DECODER|HELPER|LIFETIME|LIFESPAN|DURATION|INTERVAL|VALIDITY|PROJECT|REGION|PERMISSIONS?|ENGINE|GENERATOR|VALIDATORS?|"
    r"STRENGTH|ROUNDS|ITERATIONS|STRATEGY|LOCATION|FOLDER|MOUNT|SOURCE|HINT|LABEL|MESSAGE|PATTERN|REGEX|CHARS|DAYS|HOURS|"
    r"MINUTES|SECONDS|AGE|COOKIE|FIELD|PARAM|COLUMN|TABLE|CLASS|HANDLER|EDITOR|PAGE|RESET|SYMBOL|DECIMALS|KIND|CATEGORY|"
    r"CHARSET|ENCODING|DELIMITER|SEPARATOR|ORDER|BITS|CURVE|CIPHER|TEMPLATE|SCRIPT|COMMAND|CMD|HOOK|CHECK(?:ER)?|"
    r"VALIDATION|VERIFICATION|VERIFIER|HISTORY|ATTEMPTS|RETRIES|PERCENT|BUDGET|COST|WINDOW|ALPHABET|DIGITS|CURRENCY|"
    r"RESOLVER|SERIALIZER|CLAIM|STATUS|TIME)S?$|(?<!ACCESS_KEY)(?<!ACCESSKEY)[_-]ID$|"
    r"^(?:PWD|OLDPWD|SSH_AUTH_SOCK|AUTH|GPG_KEYS?|TOKENIZERS_PARALLELISM|MAX_TOKENS)$|"
    r"^(?:REACT_APP|VITE|VUE_APP|GATSBY|NG_APP|EXPO_PUBLIC|STORYBOOK)_(?:.*_)?(?:API_?KEY|MAPBOX(?:_ACCESS)?_TOKEN)$|"
    r"(?:MYSQL|MARIADB|POSTGRES|PGPASSWORD)?_?(?:ALLOW_EMPTY|RANDOM)",
    re.IGNORECASE,
)
"""The names of bundlers for browsers among them: what these take in, every visitor of the page gets."""
_CIPHERTEXT = re.compile(
    r"(?:^|[_-])(?:ENCRYPTED|CIPHER_?TEXT|SEALED(?![_-]SECRETS?[_-]))(?:$|[_-])(?!.*PASS(?:PHRASE|WORD)$)|[_-]ENC$",
    re.IGNORECASE,
)
"""What says that a value is kept encrypted, so that whoever has it needs a key.

`SEALED_SECRETS_KEY` is such a key, and `ENCRYPTED_KEY_PASSPHRASE` opens one.
"""
_CREDENTIAL_HOST = re.compile(r"^BUNDLE_[A-Z0-9_]*__[A-Z0-9_]+$")
_BUNDLE_SETTING = re.compile(r"^BUNDLE_(?:BUILD|CACHE|LOCAL|DISABLE|PATH|JOBS|RETRY|WITHOUT|MIRROR|SSL)_")
_HARMLESS = re.compile(
    r"^(?:|_|true|false|yes|no|on|off|none|null|nil|disabled|enabled|0|1|\d{1,4}|/[\w./-]+|[\w./-]+\.(?:json|pem|key|crt|p12|pfx|jks|txt|ya?ml|toml|ini|properties|xml)|\./[\w./-]+|file:.*|https?://[^:@/]+(?:/\S*)?|\$\{?\w+\}?|UseDevelopmentStorage=true.*|.*\bAccountName=devstoreaccount1\b.*)$",
    re.IGNORECASE,
)
"""Azure's storage emulator among them: everyone has its account and key (Microsoft, "Use the Azurite emulator")."""
_PLACEHOLDER = re.compile(
    r"^(?:<.*>|\[.*\]|x{3,}|\*+|change[-_ ]?(?:me|it|this).*|your[-_ ].*|example.*|dummy.*|fake.*|placeholder.*|todo|"
    r"(?:over[-_]?write|override|replace|set|fill)[-_ ]?(?:me|it|this)(?:$|[-_ ]).*|"
    r"not[-_]?(?:a[-_])?(?:real|needed|used).*|(?:cafebabe|deadbeef|abad1dea|baadf00d)+|0?12345(?:6(?:7(?:8(?:90?)?)?)?)?|test|none|"
    r"(?:un(?:used|needed|necessary)|ignored)(?:[-_ ].*)?|build[-_]?time.*|asset.*)$",
    re.IGNORECASE,
)

_FILLED = re.compile(r"(?i:(?<![a-z0-9])x{8,}(?![a-z0-9])|(?<![a-f0-9])0{8,}(?![a-f0-9]))|\*{3,}")
"""Where somebody blotted out what stands there, or left it to be filled in."""
_STOCK = re.compile(
    r"(?:pass(?:w(?:or)?d)?|p[a@]ssw[o0]rd|secret|token|pwd|test|user|guest|admin|administrator|root|sa|postgres|mysql|"
    r"mariadb|mongo|redis|rabbitmq|minio|minioadmin|elastic|changeit|default|demo|letmein|qwerty|s3cr3t)\d{0,4}!?",
    re.IGNORECASE,
)
"""What products and examples are delivered with, and what everyone tries first."""
_MADE_UP = frozenset(
    "a an the my your our some this that it me not so no non very super real used needed valid here for only just "
    "change replace insert put enter test tests testing tester dummy fake example sample mock stub demo default local "
    "localhost dev devel development ci build building precompile foo bar baz secret secrets key keys token tokens "
    "pass passwd password passphrase pwd api auth jwt value string placeholder temp tmp temporary "
    "something anything whatever".split()
)
"""Words that a value is made of when somebody had to write one: `TestKey`, `my-secret-token`, `notsosecret`."""
_BETWEEN = re.compile(r"[-_. !]+|\d{1,4}!?$")
_LONGEST_MADE_UP = 60
_SHORTEST_OF_NAME = 3
"""Letters that a word of the variable's name must have to count; what is shorter is a part of anything."""


_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
"""Where a word begins in `githubToken`."""
_WITH_DEFAULT = re.compile(r"\$\{\w+:?-([^{}$]*)\}")
"""A reference and what stands in for it: of `${TOKEN:-none}` the file holds `none`."""
_REFERENCES = re.compile(r"(?:\$(?:\w+|\{\w+\})[-_.:/@]*)+")
_FINGERPRINTS = re.compile(r"^(?:0x)?[0-9A-F]{16,40}(?:\s+(?:0x)?[0-9A-F]{16,40})*$")
"""Of OpenPGP keys, which are public: how release signatures are checked."""


def names_a_secret(name: str) -> bool:
    """Tell whether a variable's name says that its value is a secret."""
    name = _HUMP.sub("_", name)
    if _CREDENTIAL_HOST.match(name) and not _BUNDLE_SETTING.match(name):
        return True
    said = bool(_SECRET.search(name)) and not _NOT_SECRET.search(name)
    return said and not _CIPHERTEXT.search(name) and not names_a_public_one(name)


def could_be_secret(value: str) -> bool:
    """Tell whether a value could be a secret: no switch, number, path, URL, reference, fingerprint or public key.

    Nor is a key one that its maker publishes for everyone to try.
    """
    plain = _written(value).strip("*")
    return not (
        is_public(plain)
        or is_published_example(plain)
        or _HARMLESS.match(plain)
        or _FINGERPRINTS.match(plain)
        or _REFERENCES.fullmatch(plain)
    )


def is_placeholder(value: str) -> bool:
    """Tell whether a value says of itself that it is none: `changeme`, `dummy`, `<token>`, `ghp_xxxxxxxxxxxx`."""
    plain = _written(value)
    return bool(_PLACEHOLDER.match(plain) or _FILLED.search(plain))


def _written(value: str) -> str:
    """Return what the file itself holds of a value: of a reference with a default, the default."""
    plain = value.strip().strip("\"'")
    default = _WITH_DEFAULT.fullmatch(plain)
    return default[1].strip("\"'") if default is not None else plain


def is_stock(name: str, value: str) -> bool:
    """Tell whether a value is one that everyone guesses.

    `password`, `admin`, a word of the variable's own name, or what is made of nothing but words for secrets, tests and
    fillings (`TestKey`, `not-so-secret`).
    """
    plain = _written(value)
    own = _HUMP.sub("_", name).lower().split("_")
    return (
        bool(_STOCK.fullmatch(plain))
        or plain.lower() in own
        or (not is_placeholder(plain) and _is_made_of(plain, _MADE_UP.union(own)))
    )


def _is_made_of(value: str, words: frozenset[str]) -> bool:
    """Whether a value is a row of such words, with a mark, a capital or nothing between them."""
    if len(value) > _LONGEST_MADE_UP:
        return False
    letters = _BETWEEN.sub("", value).lower()
    ends = {0}
    for start in range(len(letters)):
        if start in ends:
            known = (word for word in words if word in _MADE_UP or len(word) >= _SHORTEST_OF_NAME)
            ends.update(start + len(word) for word in known if letters.startswith(word, start))
    return bool(letters) and len(letters) in ends
