"""What a shell would read in the words of a JSON form, where none does: variables, builtins, operators."""

from __future__ import annotations

import posixpath
import re
import shlex

from rules.dockerfile.shell.nested import EXEC_ACTIONS

ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
VARIABLE = re.compile(r"(?<![$\\{])\$(?:[A-Za-z_]\w*|\{(?!\w+:[A-Za-z])[^{}]*\}|\([^()]*\)|[@*])")
"""What a shell expands: not `${env:NAME}`, the notation of a program's own settings (OpenTelemetry)."""
_OF_SPRING = re.compile(r"(?:--[\w-]+(?:\.[\w-]+)+|-D(?:spring|server|management|logging)\.[\w.-]+)=[^$]*\$\{")
"""A property whose placeholders Spring Boot fills in from the environment (its reference, "Property Placeholders")."""
BUILTINS = frozenset("exec cd source . export eval set trap unset shift if for while".split())
NEVER_COMMANDS = frozenset({"cd", "source", "."})
"""Builtins that no script in front has a command of its own for; `bun exec` and `deno eval` exist."""
HAS_CD = frozenset({"dnf", "microdnf", "tdnf", "yum"})
"""Bash's package of the Red Hat family has a `/usr/bin/cd` that does nothing (bash.spec)."""
JOINTS = frozenset({"&&", "||"})
"""Operators that no program takes for anything of its own."""
OPERATORS = JOINTS | frozenset("; | > >> < 2>&1 &".split())
EXPANDS_ITSELF = frozenset(
    "awk gawk mawk jq sed perl ruby php node envsubst with-contenv powershell pwsh cmd nginx npm npx "
    "yarn pnpm make dockerize confd docker-gen expect "
    "tclsh mongo mongosh psql mysql vault consul-template gomplate".split()
)
"""Programs that give `$` a meaning of their own, or hand their arguments to a shell."""
_INTERPRETERS = frozenset({"node", "perl", "php", "ruby"})
_CODE = re.compile(r"-\w*[eEpPrRnB]\w*|--(?:eval|print|run)\b.*", re.DOTALL)
"""Options of theirs behind which code stands, where `$` is the language's; a script gets its arguments as they are."""
TAKES_AS_IT_IS = re.compile(
    r"(?:python|pypy|node|perl|php|ruby|java|gunicorn|uvicorn|hypercorn|daphne|granian|waitress-serve|flask|celery|streamlit|django-admin|"
    r"jupyter|rails|puma|bundle|rackup|sidekiq|dotnet|deno|redis-server|memcached|curl|wget|nc|pg_isready|redis-cli|"
    r"mysqladmin|test|\[|grep|echo|printf|cat|ls|cp|mv|rm|mkdir|chown|chmod|sleep|tail|uv|poetry|pipenv)[\d.]*"
)
"""Programs that are known to use their arguments as they get them; another one may fill in `$NAME` by itself."""


def sets_property(word: str) -> bool:
    """Whether a word of a call of Java sets a property of Spring, which fills in `${NAME}` by itself."""
    return _OF_SPRING.match(word) is not None


def is_end_of_action(words: tuple[str, ...], operator: str) -> bool:
    """Whether it is the `;` that ends what `find` executes: without a shell it stands there as it is."""
    return operator == ";" and not EXEC_ACTIONS.isdisjoint(words)


def has_meaning_of_its_own(words: tuple[str, ...]) -> bool:
    """Whether a program among the words makes something of `$`, and perhaps of a lone `|` or `>`."""
    names = {posixpath.basename(word).removesuffix(".exe") for word in words}
    if not any(_CODE.fullmatch(word) for word in words):
        names -= _INTERPRETERS
    if "execlineb" in names and any("import" in word for word in words):
        return True  # execline substitutes what its `importas` names, and nothing else
    if "env" in names and any(word.startswith(("-S", "--split-string")) for word in words):
        return True  # env reads `${NAME}` in what it splits
    return not EXPANDS_ITSELF.isdisjoint(names)


_RUN_FILES = re.compile(r"(?:python|node|ruby|perl|php|sh|bash|ash|dash|dotnet|java)[\d.]*")
"""Programs that run the file which they are given first."""


def pattern_place(words: tuple[str, ...]) -> int | None:
    """Return the place of a file with `*` in its name among the words: the program, or what an interpreter runs.

    Java fills in the `*` of a class path by itself, and of nothing else (its manual, "-classpath").
    """
    places = [0]
    if words and _RUN_FILES.fullmatch(posixpath.basename(words[0])):
        jar = next((at + 1 for at, word in enumerate(words) if word == "-jar"), 1)
        places.append(jar if jar == 1 or posixpath.basename(words[0]) == "java" else 1)
    return next((at for at in places if at < len(words) and "*" in words[at] and " " not in words[at]), None)


_SEVERAL = re.compile(r"\$\{?\w*(?:OPTS|OPTIONS|ARGS|ARGUMENTS|FLAGS|PARAMS)\}?")


def shell_word(word: str) -> str:
    """Write a word of a JSON form for a shell, which reads its variables and nothing else of it."""
    if not VARIABLE.search(word):
        return shlex.quote(word)
    if _SEVERAL.fullmatch(word):
        return word  # options by their name: in quotes they would be one word, and an empty one where there are none
    escaped = re.sub(r'(["\\`])', r"\\\1", word)
    return f'"{escaped}"'
