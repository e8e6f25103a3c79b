"""Dockerfiles that are byte for byte the same are told once."""

import rules

_FILE = b'FROM debian:13-slim\nRUN apt-get update && apt-get install -y --no-install-recommends curl\nCMD ["curl"]\n'
_RULE = "package-cache-left"


def _told(before: dict[str, bytes], after: dict[str, bytes]) -> list[tuple[str, str]]:
    findings = rules.review(before, after).findings
    return [(f.path, f.message) for f in findings if f.rule == _RULE and f.baseline == "new"]


def test_a_copy_of_a_file_is_named_in_the_comment_on_the_first() -> None:
    told = _told({}, {"desk/Dockerfile": _FILE, "shop/Dockerfile": _FILE})
    assert [path for path, _ in told] == ["desk/Dockerfile"]
    assert told[0][1].endswith(" The same holds for `shop/Dockerfile`, a copy of this file.")


def test_another_file_has_comments_of_its_own() -> None:
    told = _told({}, {"desk/Dockerfile": _FILE, "shop/Dockerfile": _FILE + b"EXPOSE 80\n"})
    assert [path for path, _ in told] == ["desk/Dockerfile", "shop/Dockerfile"]


def test_a_copy_that_was_another_file_before_has_comments_of_its_own() -> None:
    told = _told({"shop/Dockerfile": b"FROM debian:13-slim\n"}, {"desk/Dockerfile": _FILE, "shop/Dockerfile": _FILE})
    assert [path for path, _ in told] == ["desk/Dockerfile", "shop/Dockerfile"]


def test_a_script_that_two_files_start_is_told_once() -> None:
    head = b"FROM debian:13-slim\nCOPY --chmod=755 start.sh /start.sh\n"
    tail = b'USER 1000\nENTRYPOINT ["/start.sh"]\n'
    files = {"Dockerfile": head + tail, "Dockerfile.arm": head + b"EXPOSE 8080\n" + tail}
    after = {**files, "start.sh": b"#!/bin/sh\nset -e\n./migrate\nnginx -g 'daemon off;'\n"}
    found = [one for one in rules.review({}, after).findings if one.rule == "entrypoint-script-no-exec"]
    assert [one.path for one in found] == ["Dockerfile"]
    assert found[0].message.endswith(" The same holds for `Dockerfile.arm`.")


def test_dockerfiles_that_move_alike_are_asked_once() -> None:
    before = {
        "desk/Dockerfile": b'FROM python:3.13-slim\nCMD ["python", "desk.py"]\n',
        "shop/Dockerfile": b'FROM python:3.13-slim\nCMD ["python", "shop.py"]\n',
    }
    after = {name: text.replace(b"slim", b"alpine") for name, text in before.items()}
    found = [one for one in rules.review(before, after).findings if one.rule == "base-family-changed"]
    assert [one.path for one in found] == ["desk/Dockerfile"]
    assert found[0].message.endswith(" The same holds for `shop/Dockerfile`.")


def test_an_image_without_a_release_that_several_files_copy_from_is_told_once() -> None:
    copy = b"COPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/\n"
    after = {
        "desk/Dockerfile": b"FROM python:3.13-slim\n" + copy + b'USER 1000\nCMD ["python", "desk.py"]\n',
        "shop/Dockerfile": b"FROM python:3.13-slim\n" + copy + b'USER 1000\nCMD ["python", "shop.py"]\n',
    }
    found = [one for one in rules.review({}, after).findings if one.rule == "unpinned-copy-from-image"]
    assert [one.path for one in found] == ["desk/Dockerfile"]
    assert found[0].message.endswith(" The same holds for `shop/Dockerfile`.")


def test_a_base_that_several_files_start_from_is_told_once() -> None:
    after = {
        "desk/Dockerfile": b'FROM python:latest\nUSER 1000\nCMD ["python", "desk.py"]\n',
        "shop/Dockerfile": b'FROM python:latest\nUSER 1000\nCMD ["python", "shop.py"]\n',
        "till/Dockerfile": b'FROM python:3.9-slim\nUSER 1000\nCMD ["python", "till.py"]\n',
        "yard/Dockerfile": b'FROM python:3.9-slim\nUSER 1000\nCMD ["python", "yard.py"]\n',
    }
    told = rules.review({}, after, today="table").findings
    found = [(one.rule, one.path) for one in told if one.rule.startswith("base-image")]
    assert found == [("base-image-unpinned", "desk/Dockerfile"), ("base-image-eol", "till/Dockerfile")]
    assert all(one.message.endswith("/Dockerfile`.") for one in told if one.rule.startswith("base-image"))


def test_a_line_of_an_ignore_file_that_two_files_stumble_over_is_told_once() -> None:
    head, tail = b"FROM python:3.13-slim\nWORKDIR /srv\nCOPY settings.toml .\n", b'USER 1000\nCMD ["python"]\n'
    after = {
        ".dockerignore": b"settings.toml\n",
        "Dockerfile": head + tail,
        "Dockerfile.arm": head + b"EXPOSE 80\n" + tail,
    }
    found = [one for one in rules.review({}, after).findings if one.rule == "copy-ignored-file"]
    assert [one.path for one in found] == ["Dockerfile"]
    assert found[0].message.endswith(" The same holds for `Dockerfile.arm`.")


def test_a_program_that_a_script_lacks_is_told_once() -> None:
    head, tail = b"FROM debian:13-slim\nCOPY --chmod=755 start.sh /start.sh\n", b'USER 1000\nENTRYPOINT ["/start.sh"]\n'
    script = b"#!/bin/sh\nset -e\ncurl -fsS https://shop.example.com/key > /tmp/key\nexec serve\n"
    after = {"start.sh": script, "Dockerfile": head + tail, "Dockerfile.arm": head + b"EXPOSE 8080\n" + tail}
    found = [one for one in rules.review({}, after).findings if one.rule == "start-tool-missing"]
    assert [one.path for one in found] == ["Dockerfile"]
    assert found[0].message.endswith(" The same holds for `Dockerfile.arm`.")


def test_each_dockerfile_has_the_repair_of_its_own_text() -> None:
    script = b"#!/bin/bash\nexec serve\n"
    text = b'FROM debian:13-slim\nCOPY start.sh /start.sh\n%sUSER 1000\nENTRYPOINT ["/start.sh"]\n'
    files = {"start.sh": script, "Dockerfile": text % b"", "Dockerfile.arm": text % b"EXPOSE 8080\n"}
    found = rules.review({}, files, listing=dict.fromkeys(files, 0o100644)).findings
    told = [one for one in found if one.rule == "entrypoint-not-executable"]
    assert [one.path for one in told if one.fix is not None] == ["Dockerfile", "Dockerfile.arm"]
