"""What is said in the summary alone, or not as loudly as elsewhere: a page shows messages, not how sure they are."""

from datetime import date

import rules
from rules.problem import Confidence, Severity
from rules.report import Finding

_TOOLS = """FROM debian:13-slim
RUN apt-get update && apt-get install --no-install-recommends -y \\
        {comment}
        build-essential \\
    && rm -rf /var/lib/apt/lists/*
COPY shop /usr/local/bin/
CMD ["shop"]
"""


def said(rule: str, dockerfile: str) -> Finding:
    """Return the one finding of a rule on a new file."""
    [finding] = [one for one in rules.review({}, {"Dockerfile": dockerfile.encode()}).findings if one.rule == rule]
    return finding


def test_the_whole_tree_of_a_rails_application_is_left_to_the_summary() -> None:
    dockerfile = """FROM ruby:3.4-slim AS build
WORKDIR /app
COPY package.json yarn.lock ./
RUN yarn install --frozen-lockfile
COPY . .
RUN bin/rails assets:precompile
FROM ruby:3.4-slim
COPY --from=build /app /app
CMD ["bin/rails", "server"]
"""
    assert said("copy-from-whole-tree", dockerfile).confidence is Confidence.POSSIBLE


def test_what_a_base_with_a_program_likely_has_is_left_to_the_summary() -> None:
    install = "FROM example.com/flow:2.7\nUSER root\nRUN apt-get update && apt-get install -y {}\n"
    assert said("apt-recommends-installed", install.format("curl")).confidence is Confidence.POSSIBLE
    assert said("apt-recommends-installed", install.format("curl python3-pip")).confidence is Confidence.LIKELY


def test_build_tools_that_a_comment_calls_needed_at_run_time_are_left_to_the_summary() -> None:
    spoken = said("build-tools-shipped", _TOOLS.format(comment="# Runtime dependencies"))
    assert spoken.confidence is Confidence.POSSIBLE
    for other in ("# Dependencies", "# Needed at runtime by what we build here"):
        assert said("build-tools-shipped", _TOOLS.format(comment=other)).confidence is Confidence.LIKELY


def test_build_tools_for_a_script_that_was_not_read_are_left_to_the_summary_where_a_builder_uses_them_too() -> None:
    dockerfile = """FROM debian:13-slim AS base
RUN apt-get update && apt-get install -y --no-install-recommends gcc make && rm -rf /var/lib/apt/lists/*
FROM base AS build
COPY . /src
RUN make -C /src install
FROM base
COPY --from=build /opt/shop /opt/shop
COPY start.sh /start.sh
ENTRYPOINT ["/start.sh"]
"""
    assert said("build-tools-shipped", dockerfile).confidence is Confidence.POSSIBLE


def test_a_pipe_whose_failure_stops_the_step_further_down_is_left_to_the_summary() -> None:
    step = "wget -qO- https://get.pnpm.io/pnpm | tee /usr/local/bin/pnpm"
    dockerfile = 'FROM alpine:3.23\nRUN {}\nUSER 1000\nCMD ["/app"]\n'
    assert said("pipefail-missing", dockerfile.format(step)).confidence is Confidence.CERTAIN
    noticed = said("pipefail-missing", dockerfile.format(f"{step} && pnpm --version"))
    assert (noticed.confidence, noticed.severity) == (Confidence.POSSIBLE, Severity.INFO)


def test_a_secret_of_a_stage_that_is_thrown_away_is_a_warning() -> None:
    stages = "FROM debian:13-slim AS build\n{}RUN make /app\nFROM debian:13-slim\n{}COPY --from=build /app /app\n"
    env = "ENV JWT_SECRET=hunter2hunter2\n"
    assert said("secret-in-arg-or-env", stages.format(env, "")).severity is Severity.WARNING
    assert said("secret-in-arg-or-env", stages.format(env, env)).severity is Severity.ERROR


def test_an_ended_line_that_a_new_builder_brings_is_the_choice_of_the_change() -> None:
    shipped = 'FROM debian:13-slim\nCOPY shop /usr/local/bin/\nCMD ["shop"]\n'

    def confidence(builder: str) -> Confidence:
        after = f"FROM {builder} AS build\nRUN make\n{shipped}".replace("COPY", "COPY --from=build")
        trees = {"Dockerfile": shipped.encode()}, {"Dockerfile": after.encode()}
        report = rules.review(*trees, today=date(2026, 5, 1))
        [finding] = [one for one in report.findings if one.rule == "base-image-eol"]
        return finding.confidence

    assert confidence("golang:1.24-alpine") is Confidence.CERTAIN
    assert confidence("rust:1.80-alpine") is Confidence.POSSIBLE  # whose lines last six weeks, so that nobody keeps up


def _started(*lines: str) -> str:
    return "\n".join(["FROM debian:13-slim", *lines, 'CMD ["/srv/shop"]', ""])


def test_a_probe_of_a_port_for_management_is_left_to_the_summary() -> None:
    probe = "HEALTHCHECK CMD curl -f http://localhost:8081{path}"
    for path, expected in (("/actuator/health", Confidence.POSSIBLE), ("/health", Confidence.LIKELY)):
        dockerfile = _started("EXPOSE 8080", probe.format(path=path))
        assert said("healthcheck-port-mismatch", dockerfile).confidence is expected


def test_a_probe_of_what_stands_behind_a_server_in_the_same_image_is_left_to_the_summary() -> None:
    install = "RUN apt-get update && apt-get install -y --no-install-recommends curl nginx"
    dockerfile = _started(install, "EXPOSE 80", "HEALTHCHECK CMD curl -f http://localhost:5000/health")
    assert said("healthcheck-port-mismatch", dockerfile).confidence is Confidence.POSSIBLE


def test_a_port_for_administration_upon_an_unknown_base_is_left_to_the_summary() -> None:
    dockerfile = """FROM {base}
EXPOSE {port}
CMD {start}
"""
    unknown = dockerfile.format(base="example.com/desktop:1", port="5900", start='["supervisord"]')
    alone = dockerfile.format(base="alpine:3.22", port="22", start='["/start.sh"]')
    beside = dockerfile.format(base="alpine:3.22", port="22 80", start='["/start.sh"]')
    install = "alpine:3.22\nRUN apk add --no-cache openssh"
    brought = dockerfile.format(base=install, port="22 80", start='["/start.sh"]')
    found = [said("expose-admin-port", one).confidence for one in (unknown, alone, brought, beside)]
    assert found == [Confidence.POSSIBLE, Confidence.POSSIBLE, Confidence.POSSIBLE, Confidence.LIKELY]


def test_a_signal_that_a_comment_explains_is_left_to_the_summary() -> None:
    explained = "# Needed until the server passes SIGTERM on"
    for comment, expected in ((explained, Confidence.POSSIBLE), ("# set stop signal", Confidence.LIKELY)):
        dockerfile = _started(comment, "STOPSIGNAL SIGKILL")
        assert said("stopsignal-ungraceful", dockerfile).confidence is expected


def test_a_lost_health_check_of_which_a_new_comment_speaks_is_left_to_the_summary() -> None:
    before = "FROM node:22-slim\nHEALTHCHECK CMD node health.js\n{end}"
    after = "FROM node:22-slim\n{comment}{end}"
    end = 'CMD ["node", "server.js"]\n'
    for comment, expected in (
        ("# Health is checked by Kubernetes\n", Confidence.POSSIBLE),
        ("# nothing to see\n", Confidence.LIKELY),
    ):
        old, new = before.format(end=end), after.format(comment=comment, end=end)
        findings = rules.review({"Dockerfile": old.encode()}, {"Dockerfile": new.encode()}).findings
        [finding] = [one for one in findings if one.rule == "healthcheck-dropped" and one.baseline == "new"]
        assert finding.confidence is expected


def test_an_environment_for_developers_beside_a_start_for_them_is_left_to_the_summary() -> None:
    dockerfile = """FROM node:22-slim
ENV NODE_ENV=development
COPY . .
CMD ["npm", "run", "start:dev"]
"""
    found = rules.review({}, {"Dockerfile": dockerfile.encode()}).findings
    told = {one.line: one.confidence for one in found if one.rule == "debug-mode-shipped"}
    assert told == {2: Confidence.POSSIBLE, 4: Confidence.LIKELY}


def test_a_file_beside_a_folder_that_may_be_a_database_is_left_to_the_summary() -> None:
    lines = ("FROM postgres:17", "ENV PGDATA=/data", "COPY {source} /data/", "COPY pg_hba.conf /data/pg_hba.conf", "")
    dockerfile = "\n".join(lines).format(source="snapshot/")
    assert said("data-folder-filled", dockerfile).confidence is Confidence.POSSIBLE


def test_a_builder_that_its_mirrors_have_left_is_no_mere_advice() -> None:
    build = "FROM python:3.8-buster AS build\nRUN {}pip install --target /out flask==3.0.0\n"
    ship = "FROM python:3.13-slim\nCOPY --from=build /out /out\n"
    today = date(2026, 11, 20)
    for command, severity in (("apt-get update && ", Severity.WARNING), ("", Severity.INFO)):
        report = rules.review({}, {"Dockerfile": (build.format(command) + ship).encode()}, today=today)
        assert [one.severity for one in report.findings if one.rule == "base-image-eol"] == [severity]


def test_a_tool_that_the_program_may_call_or_a_comment_explains_is_left_to_the_summary() -> None:
    plain = b'FROM debian:13-slim\nUSER 1000\nCMD ["/shop"]\n'

    def confidence(install: str) -> Confidence:
        after = plain.replace(b"USER", f"{install} && rm -rf /var/lib/apt/lists/*\nUSER".encode())
        report = rules.review({"Dockerfile": plain}, {"Dockerfile": after})
        return next(one.confidence for one in report.findings if one.rule == "attack-surface-added")

    install = "RUN apt-get update && apt-get install -y --no-install-recommends {}"
    assert confidence(install.format("gdb")) is Confidence.LIKELY
    assert confidence(install.format("nmap")) is Confidence.POSSIBLE
    assert confidence("# for debugging on the spot\n" + install.format("gdb")) is Confidence.POSSIBLE
    assert confidence("# as root\nUSER 0\n" + install.format("gdb")) is Confidence.LIKELY


def test_a_base_that_a_build_of_the_repository_replaces_is_left_to_the_summary() -> None:
    dockerfile = b"ARG PYTHON=3.8\nFROM python:${PYTHON}-slim\n"
    compose = b"services:\n  shop:\n    build:\n      context: .\n      args:\n        PYTHON: '%s'\n"
    for given, confidence in ((b"3.13", Confidence.POSSIBLE), (b"3.8", Confidence.LIKELY)):
        files = {"Dockerfile": dockerfile, "compose.yaml": compose % given}
        report = rules.review({}, files, today=date(2026, 11, 23))
        assert [one.confidence for one in report.findings if one.rule == "base-image-eol"] == [confidence]


def test_a_base_that_a_script_replaces_where_it_builds_is_left_to_the_summary() -> None:
    dockerfile = b"ARG GOVERSION=1.18.2\nFROM golang:${GOVERSION}\nRUN go build\n"
    script = b"docker build -t shop-test -f Dockerfile --build-arg=GOVERSION=%s --build-arg=GOARCH=386 .\n"
    for given, confidence in ((b"1.14", Confidence.POSSIBLE), (b"1.18.2", Confidence.LIKELY)):
        files = {"Dockerfile": dockerfile, "test_crosscompile.sh": script % given}
        report = rules.review({}, files, today=date(2026, 11, 23))
        assert [one.confidence for one in report.findings if one.rule == "base-image-eol"] == [confidence]


def test_sudo_of_an_account_that_has_it_in_the_container_is_left_to_the_summary() -> None:
    dockerfile = """FROM debian:13-slim
RUN apt-get update && apt-get install -y --no-install-recommends sudo {} && rm -rf /var/lib/apt/lists/*
RUN useradd -m agent {}
USER agent
RUN sudo mkdir /work
EXPOSE 8080
CMD ["/srv/agent"]
"""
    grant = "&& echo 'agent ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/agent"
    assert said("sudo-in-run", dockerfile.format("", grant)).confidence is Confidence.POSSIBLE
    assert said("sudo-in-run", dockerfile.format("git vim tmux", "")).confidence is Confidence.POSSIBLE
    assert said("sudo-in-run", dockerfile.format("", "")).confidence is Confidence.CERTAIN


def test_root_that_a_comment_calls_meant_is_left_to_the_summary() -> None:
    dockerfile = """FROM debian:13-slim
COPY shop /usr/local/bin/
# {}
USER root
EXPOSE 8080
CMD ["shop"]
"""
    assert said("final-user-root", dockerfile.format("on purpose, see doc/adr/7")).confidence is Confidence.POSSIBLE
    building = said("final-user-root", dockerfile.format("on purpose, to install what is below"))
    assert building.confidence is Confidence.CERTAIN
