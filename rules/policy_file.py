"""Read `.hullcheck.yaml`: strict, and every fault names its line, its column and the way out."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from rules import catalogue
from rules.policy import DEFAULT, Policy
from rules.problem import Confidence, Severity
from rules.repository import yamls
from rules.suppression import rule_ids

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PATHS = (".hullcheck.yaml", ".hullcheck.yml", ".github/hullcheck.yaml", ".github/.hullcheck.yaml")
"""Where a policy is looked for, in this order; `.hadolint.yaml` is read when there is none."""

HADOLINT_PATHS = (".hadolint.yaml", ".hadolint.yml", ".config/hadolint.yaml")

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Choice = Literal["on", "off", "info", "warning", "error"]
_SEVERITIES = {"info": Severity.INFO, "warning": Severity.WARNING, "error": Severity.ERROR}


class PolicyModel(BaseModel):
    """Settings of hullcheck for one repository."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, title="hullcheck policy")

    rules: dict[Name, Choice] = Field(
        default={}, description="Rule id to `on`, `off`, or the severity it is reported with."
    )
    fail_on: Literal["error", "warning", "info", "never"] = Field(
        default="never", alias="fail-on", description="New findings of this severity or above fail the check."
    )
    paths: list[Name] = Field(
        default=[], max_length=100, description="Globs of files to review besides those named like Dockerfiles."
    )
    ignore: list[Name] = Field(default=[], max_length=100, description="Globs of files that are never reviewed.")
    ships: dict[Name, list[Name]] | list[Name] = Field(
        default=[], description="Stages that ship: a list for every Dockerfile, or Dockerfile path to list."
    )
    registries: list[Name] = Field(default=[], description="Registries that images may come from; empty allows all.")
    labels: list[Name] = Field(default=[], description="Label keys that a shipped image must carry.")
    secret_commands: list[Name] = Field(
        default=[], alias="secret-commands", description="Commands that must run with a secret mount."
    )
    comments: Annotated[int, Field(ge=0, le=50)] = Field(default=30, description="Most inline comments in one review.")
    comments_from: Literal["likely", "certain"] = Field(
        default="likely",
        alias="comments-from",
        description="How sure a finding is at least that gets a comment; the summary tells the others.",
    )


@dataclass(frozen=True)
class Fault:
    """Something wrong in a policy file.

    Attributes:
        path: The file.
        line: From 1.
        column: From 1.
        message: What is wrong and what is allowed, in one sentence.
    """

    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        """Return it as one line: `.hullcheck.yaml:3:1: …`."""
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


@dataclass(frozen=True)
class ReadPolicy:
    """A policy as read; with faults, the faulty parts are the defaults.

    Attributes:
        policy: What is in force.
        faults: In the order of the file.
        path: The file, empty without one.
    """

    policy: Policy = DEFAULT
    faults: tuple[Fault, ...] = ()
    path: str = ""


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a policy file, with the rules' ids."""
    made = PolicyModel.model_json_schema(by_alias=True)
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    made["properties"]["rules"]["propertyNames"] = {"enum": [rule.id for rule in catalogue.load()]}
    return made


def find_policy(files: Mapping[str, bytes]) -> ReadPolicy:
    """Read the policy of a tree: our own file, else hadolint's as far as it goes, else the defaults."""
    for path in PATHS:
        if path in files:
            return read_policy(path, files[path])
    for path in HADOLINT_PATHS:
        if path in files:
            return _read_hadolint(path, files[path])
    return ReadPolicy()


def read_policy(path: str, data: bytes) -> ReadPolicy:
    """Read one policy file; never raises."""
    if len(data) > yamls.SIZE_LIMIT:
        return ReadPolicy(faults=(Fault(path, 1, 1, "the file is larger than 64 KiB and was not read"),), path=path)
    try:
        document = yamls.load(data.decode("utf-8"))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        return ReadPolicy(
            faults=(Fault(path, line, column, f"no valid YAML: {error.problem or error.context}"),), path=path
        )
    except (YAMLError, ValueError, RecursionError, NotImplementedError) as error:
        return ReadPolicy(faults=(Fault(path, 1, 1, f"no valid YAML: {type(error).__name__}"),), path=path)
    if document is None:
        return ReadPolicy(path=path)
    return _validated(path, document)


def _validated(path: str, document: Any) -> ReadPolicy:
    if not isinstance(document, dict):
        return ReadPolicy(faults=(Fault(path, 1, 1, "a mapping of settings is expected at the top"),), path=path)
    faults = []
    chosen = yamls.mapping(document.get("rules"))
    for name in list(chosen):
        chosen[name] = _choice(chosen[name])
    plain = {str(key): value for key, value in document.items()}
    try:
        model = PolicyModel.model_validate(plain)
    except ValidationError as error:
        wrong = error.errors()
        faults = [_fault(path, document, list(item["loc"]), item["type"], item["msg"]) for item in wrong]
        bad = {item["loc"][0] for item in wrong}
        model = PolicyModel.model_validate({key: value for key, value in plain.items() if key not in bad})
    policy, unknown = _policy(path, model, document)
    return ReadPolicy(policy, tuple(sorted([*faults, *unknown], key=lambda f: (f.line, f.column))), path)


def _choice(value: Any) -> Any:
    """YAML 1.1 readers turn `on` and `off` into booleans; both spellings mean the same here."""
    return {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value


def _fault(path: str, document: Any, where: Sequence[int | str], kind: str, message: str) -> Fault:
    node, line, column = document, 1, 1
    for key in where:
        position = getattr(node, "lc", None)
        data = position.data if position is not None else None
        if data and key in data:
            line, column = data[key][0] + 1, data[key][1] + 1
        try:
            node = node[key]
        except (KeyError, IndexError, TypeError):
            break
    name = ".".join(str(part) for part in where)
    if kind == "extra_forbidden":
        known = [field.alias or key for key, field in PolicyModel.model_fields.items()]
        return Fault(path, line, column, f"unknown key `{name}`{_did_you_mean(name, known)}")
    return Fault(path, line, column, f"`{name}`: {message[:1].lower()}{message[1:]}")


def _did_you_mean(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"; did you mean `{near[0]}`?" if near else f"; known are {', '.join(f'`{key}`' for key in known)}"


def _policy(path: str, model: PolicyModel, document: Any) -> tuple[Policy, list[Fault]]:
    chosen: dict[str, str | Severity] = {}
    faults = []
    for name, choice in model.rules.items():
        ids = rule_ids(name)
        if not ids:
            line = yamls.line_of(document.get("rules"), name)
            known = [rule.id for rule in catalogue.load()]
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean `{near[0]}`?" if near else "; `hullcheck rules` lists them"
            faults.append(Fault(path, line, 3, f"no rule is called `{name}`{hint}"))
        chosen.update(dict.fromkeys(ids, _SEVERITIES.get(choice, choice)))
    ships = model.ships if isinstance(model.ships, dict) else {"*": model.ships} if model.ships else {}
    policy = Policy(
        rules=chosen,
        fail_on=_SEVERITIES.get(model.fail_on),
        paths=tuple(model.paths),
        ignore_paths=tuple(model.ignore),
        targets={key: tuple(names) for key, names in ships.items()},
        registries=tuple(model.registries),
        required_labels=tuple(model.labels),
        secret_commands=tuple(model.secret_commands),
        comment_cap=model.comments,
        comments_from=Confidence[model.comments_from.upper()],
    )
    return policy, faults


def _read_hadolint(path: str, data: bytes) -> ReadPolicy:
    """Take over what hadolint's users have decided: ignored rules, overrides, trusted registries."""
    document = yamls.mapping(yamls.read(data))
    chosen: dict[str, str | Severity] = {}
    for level, ids in yamls.mapping(document.get("override")).items():
        severity = _SEVERITIES.get({"style": "info"}.get(str(level), str(level)))
        for name in yamls.sequence(ids):
            if severity is not None:
                chosen.update(dict.fromkeys(rule_ids(str(name)), severity))
    for name in yamls.sequence(document.get("ignored")):
        chosen.update(dict.fromkeys(rule_ids(str(name)), "off"))
    registries = tuple(yamls.text(item) for item in yamls.sequence(document.get("trustedRegistries")))
    return ReadPolicy(replace(DEFAULT, rules=chosen, registries=registries), path=path)
