"""Build `images.zip`: what the base images are configured to do.

    python -m rules.data.build.images base_images.json official_tags.json.gz

A tag that the official library lists has its own configuration there. Any other tag is matched by the shape of its
name; such a *variant* keeps only what has held for every listed tag of that shape (`doubt` names the rest, for
tags that are newer than the data, and `old_doubt` for listed tags without a configuration).
"""

from __future__ import annotations

import gzip
import json
import re
from collections import defaultdict
from datetime import date
from typing import Any

from rules.data.build.corrections import CONVENTIONS, KINDS, KINDS_BY_TAG, corrected, families, shapes_of
from rules.data.build.late_systems import without_impossible_release
from rules.data.build.newest_alpine import with_newest_release
from rules.data.build.pack import arguments, write

Json = dict[str, Any]

_COMPARED = ("cmd", "distro", "entrypoint", "expose", "stopsignal", "tools", "user", "users", "volumes", "workdir")
_FAMILY = ("deprecated", "drops_root_with", "nonroot_alternative", "runtime_base", "smaller")
SYSTEM = r"alpine\d+\.\d+|azurelinux\d+\.\d+|bookworm|bullseye|jammy|noble|resolute|trixie"
_PLACEHOLDER = re.compile(r"\\\$\\\([\w-]+\\\|(\d+\\\.\d+)\\\|minor\\-tag\\\)")


def main() -> None:
    """Read the two raw tables and write the compact one."""
    given = arguments("Build images.zip", "base_images", "official_tags")
    base = json.loads(given.base_images.read_text())
    images = merged(families(base["images"]))
    official = json.loads(gzip.decompress(given.official_tags.read_bytes()))
    today = date.fromisoformat(official["meta"]["data_date"])
    parts: Json = {
        name: shard(name, images.get(name), official["images"].get(name, {}), official["configs"], today)
        for name in sorted(images.keys() | official["images"].keys())
    }
    parts["meta"] = {
        "data_date": official["meta"]["data_date"],
        "generated": base["meta"]["generated"],
        "sources": base["meta"]["sources"],
        "conventions": CONVENTIONS,
    }
    write(given.output / "images.zip", parts)


def merged(images: dict[str, Json]) -> dict[str, Json]:
    """Return the families with those that only add variants to another one put into it, where that is there."""
    result = {name: family for name, family in images.items() if "extends" not in family}
    for family in images.values():
        if family.get("extends") in result:
            main = result[family["extends"]]
            result[family["extends"]] = main | {"variants": [*main["variants"], *family["variants"]]}
    return result


def shard(name: str, family: Json | None, groups: dict[str, str], official_configs: list[Json], today: date) -> Json:
    """Return one image's part of the table."""
    configs: list[Json] = []
    listed: dict[str, str] = {}
    for key, tags in groups.items():
        gone, config = (int(number) for number in key.split(":"))
        index = -1
        if config >= 0:
            known = corrected(name, official_config(official_configs[config]))
            known = with_newest_release(name, known, gone, groups)
            index = _index(configs, without_impossible_release(known, gone, today))
        listed[f"{gone}:{index}"] = " ".join(filter(None, [listed.get(f"{gone}:{index}"), tags]))
    variants = [variant(name, raw) for raw in (family or {}).get("variants", [])]
    for one in variants:
        find_doubts(one, listed, configs)
    for one in variants:
        one["config"] = _index(configs, one["config"])
    facts = {key: (family or {})[key] for key in _FAMILY if (family or {}).get(key) is not None}
    if shapes := shapes_of(name):
        facts["shapes"] = shapes
    if name in KINDS:
        facts["kind"] = KINDS[name]
    if name in KINDS_BY_TAG:
        facts["kinds"] = KINDS_BY_TAG[name]
    return {"family": facts, "variants": variants, "configs": configs, "tags": listed}


def _index(configs: list[Json], config: Json) -> int:
    if config not in configs:
        configs.append(config)
    return configs.index(config)


def official_config(raw: Json) -> Json:
    """Return a configuration of the official library in our shape; what is absent there is absent here."""
    config = {key: value for key, value in raw.items() if key not in {"distro", "users", "full"} and value}
    config["distro"], config["release"] = raw["distro"]
    if raw.get("users"):
        config["users"] = {user: int(uid) if uid else None for user, uid in raw["users"]}
    if raw.get("full"):
        config["full"] = True
    if config["distro"] is None and not raw.get("tools"):
        config["unknown"] = ["distro", "tools", "users"]  # the recipe's own base was not found
    return {key: value for key, value in config.items() if value is not None}


def variant(name: str, raw: Json) -> Json:
    """Return one shape of tags: the tags it stands for, or a pattern, and its configuration."""
    match = _PLACEHOLDER.sub(r"\1", raw["match"])
    keys = (*_COMPARED, "healthcheck", "kind", "onbuild", "release", "shell", "source", "how", "unknown")
    config = {key: raw[key] for key in keys if raw.get(key)}
    if isinstance(config.get("cmd"), dict):
        config["cmd"] = ["/bin/sh", "-c", config["cmd"]["shell"]]
    if raw.get("toolchain"):
        config["toolchain"] = True
        config["tools"] = sorted({*raw["tools"], *raw["toolchain"]})
    if raw["distro"] != "busybox":
        config |= {"libc": raw["libc"] or "", "pm": raw["pm"] or ""}
    tags = literal_tags(match)
    env = raw.get("env", {})
    config = corrected(name, config | environment(env, certain=tags is not None and not listed_name(name)))
    if tags is None:
        return {"config": config, "match": match}
    if len(set(re.findall(SYSTEM, " ".join(tags)))) > 1:
        config.pop("release", None)  # one recipe for several releases; the tag says which, or nothing does
    return {"config": config, "tags": tags}


def listed_name(name: str) -> bool:
    """Tell whether an image is one of the official library, whose variants stand for many versions."""
    return "/" not in name


def environment(env: dict[str, str], *, certain: bool) -> Json:
    """Return the variables of an image.

    Where one recipe stands for many versions, values with a digit in them are those of one version: only the name is
    kept, and of a search path the folders without digits.
    """
    values = {key: value for key, value in env.items() if certain or not re.search(r"\d", value)}
    if not certain and "PATH" in env:
        values["PATH"] = ":".join(folder for folder in env["PATH"].split(":") if not re.search(r"\d", folder))
    config: Json = {"env": values} if values else {}
    return config | ({"env_names": sorted(env)} if env.keys() - values.keys() else {})


def literal_tags(match: str) -> list[str] | None:
    """Return the tags of a pattern that is a plain list of tags."""
    body = match.removeprefix("^").removesuffix("$").removeprefix("(?:").removesuffix(")")
    plain = [re.sub(r"\\([-.])", r"\1", tag) for tag in body.split("|")]
    return (
        sorted(set(plain))
        if all(re.fullmatch(r"[\w.-]+", tag) for tag in plain)
        and "\\" not in "".join(plain)
        and not re.search(r"(?<!\\)\.", body)
        else None
    )


def find_doubts(one: Json, listed: dict[str, str], configs: list[Json]) -> None:
    """Note what differs between a variant's configuration and those of the listed tags of its shape."""
    matches = re.compile(one["match"]).fullmatch if "match" in one else None
    doubts: dict[bool, set[str]] = defaultdict(set)
    for key, tags in listed.items():
        gone, index = (int(number) for number in key.split(":"))
        if index < 0 or not any(matches(tag) if matches else tag in one["tags"] for tag in tags.split()):
            continue
        for field in _COMPARED:
            if comparable(field, one["config"]) != comparable(field, configs[index]):
                doubts[gone > 0].add(field)
    if doubts[False]:
        one["doubt"] = sorted(doubts[False])
    if doubts[True] - doubts[False]:
        one["old_doubt"] = sorted(doubts[True] - doubts[False])


def comparable(field: str, config: Json) -> object:
    """Return a field's value without the differences that only the raw tables' spelling makes."""
    value = config.get(field)
    if field == "user" and value in {"root", "0"}:
        return None
    if field in {"expose", "volumes"}:
        return sorted(value or [])
    if field == "tools":
        return sorted(set(value or []) - {"autoconf", "dpkg-dev", "g++", "gcc", "libc-dev", "libc6-dev", "make"})
    return value or None


if __name__ == "__main__":
    main()
