"""What `hullcheck check` writes for programs: JSON, SARIF, edits, and the same bytes each time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bot.command_line import CLEAN, UNPINNED, as_json, run

if TYPE_CHECKING:
    import pytest

    from tests.bot.command_line import Put


def test_json_has_the_promised_shape(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put("Dockerfile", UNPINNED)
    report = as_json(capsys, "check", ".")
    assert report["schema_version"] == 1
    documented = Path(__file__).parents[2].joinpath("README.md").read_text("utf-8")
    fields, finding_fields = documented.split("| Field | Meaning |")[1].split("| Field of a finding | Meaning |")
    assert [f"`{name}`" in fields for name in report] == [True] * len(report)
    (finding,) = report["findings"]
    assert [f"`{name}`" in finding_fields for name in finding] == [True] * len(finding)


def test_the_edits_of_json_repair_the_file(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    text = CLEAN.replace('CMD ["python", "-m", "http.server"]', "CMD python -m http.server")
    put("Dockerfile", text)
    (finding,) = as_json(capsys, "check", ".")["findings"]
    lines = text.splitlines(keepends=True)
    for edit in finding["fix"]["edits"]:
        assert (edit["path"], edit["line"]) == ("Dockerfile", edit["end_line"])
        line = lines[edit["line"] - 1]
        lines[edit["line"] - 1] = line[: edit["column"] - 1] + edit["text"] + line[edit["end_column"] - 1 :]
    assert "".join(lines) == CLEAN


def test_text_shows_what_the_fix_would_do(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put("Dockerfile", CLEAN.replace('CMD ["python", "-m", "http.server"]', "CMD python -m http.server"))
    out = run(capsys, "check", ".")[1]
    assert '       - CMD python -m http.server\n       + CMD ["python", "-m", "http.server"]\n' in out


def test_text_shows_what_stands_between_the_lines_of_a_fix(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put(".dockerignore", ".git\nnode_modules\n")
    put("package.json", '{"dependencies": {"express": "^5"}}')
    put("package-lock.json", '{"lockfileVersion": 3}')
    put("src/server.js", "")
    put(
        "Dockerfile",
        'FROM node:22-slim\nWORKDIR /srv\nCOPY . .\nRUN npm ci --omit=dev\nUSER 1000\nCMD ["node", "src/server.js"]\n',
    )
    shown = run(capsys, "check", ".")[1].partition("fix: Copy the manifests first\n")[2]
    assert shown.startswith(
        "       + COPY package.json package-lock.json ./\n"
        "       + RUN npm ci --omit=dev\n"
        "         COPY . .\n"
        "       - RUN npm ci --omit=dev\n"
    )


def test_a_silenced_finding_is_in_json_with_its_reason(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put("Dockerfile", "# hullcheck ignore=base-image-unpinned nightly job\n" + UNPINNED)
    report = as_json(capsys, "check", ".")
    assert [(each["reason"], each["finding"]["rule"]) for each in report["suppressed"]] == [
        ("nightly job", "base-image-unpinned")
    ]


def test_sarif_names_the_place_the_rule_and_the_fix(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put("my api/Dockerfile", CLEAN.replace('CMD ["python", "-m", "http.server"]', "CMD python -m http.server"))
    (log,) = json.loads(run(capsys, "check", ".", "--format", "sarif")[1])["runs"]
    (result,) = log["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "my%20api/Dockerfile"}, "region": {"startLine": 5, "endLine": 5}}
    assert [rule["id"] for rule in log["tool"]["driver"]["rules"]] == [result["ruleId"]]
    assert result["fixes"][0]["artifactChanges"][0]["artifactLocation"]["uri"] == "my%20api/Dockerfile"


def test_a_name_that_is_no_text_has_its_bytes_in_sarif(
    put: Put, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    put("Dockerfile", UNPINNED)
    (tmp_path / "Dockerfile").rename(tmp_path / "Dockerfile.\udcff")
    (log,) = json.loads(run(capsys, "check", ".", "--format", "sarif")[1])["runs"]
    place = log["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "Dockerfile.%FF"}


def test_the_same_input_gives_the_same_bytes(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("b", "a", "c"):
        put(f"{name}/Dockerfile", UNPINNED)
    assert run(capsys, "check", ".", "--format", "json") == run(capsys, "check", ".", "--format", "json")
