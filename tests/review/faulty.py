"""Random changes of real Dockerfiles with many faults, for property tests that run the real rules."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

BASES = (
    *("debian:12-slim", "ubuntu:24.04", "python:3.12-slim", "python", "node:22-alpine", "node:16", "alpine:3.22"),
    *("golang:1.25", "nginx:1.28", "gcr.io/distroless/static-debian12", "example.com/team/base:7", "scratch"),
)
STEPS = tuple(
    r"""RUN apt-get update
RUN apt-get update && apt-get install -y curl git build-essential
RUN apt-get install curl
RUN apk add --update curl
RUN pip install -r requirements.txt
RUN curl http://example.com/a.tar.gz | tar -xz -C /opt
RUN wget -q https://example.com/install.sh -O - | sh
RUN npm install
RUN cd /app
RUN cd /app && sudo make install
RUN chmod -R 777 /srv
RUN useradd -u 5000000 big
RUN apt-get update \
    && apt-get install -y libpq-dev \
    && setcap cap_net_bind_service=+ep /usr/local/bin/python3.12
RUN --mount=type=secret,id=token cat /run/secrets/token > /etc/token
COPY . .
COPY . /app
COPY *.py /app
COPY a b /app
ADD https://example.com/x.tar.gz /opt/
ADD app.py /app/
ENV API_TOKEN=abcdefghijklmnop0123
ENV FLASK_DEBUG=1
ENV A one B two
ARG NPM_TOKEN
ARG TARGET_ARCH
WORKDIR app
WORKDIR /app
USER root
USER app
USER 10001
EXPOSE 22 8080
EXPOSE 70000
MAINTAINER me@example.com
HEALTHCHECK CMD curl -f http://localhost:9000/ || exit 1
VOLUME /data
STOPSIGNAL SIGKILL
CMD python app.py
CMD ["python app.py"]
CMD ['node', 'server.js']
CMD ["npm", "start"]
ENTRYPOINT ./start.sh
ENTRYPOINT ["/bin/app", "$PORT"]""".replace("\\\n", "\\\0").split("\n")
)
STEPS = tuple(step.replace("\\\0", "\\\n") for step in STEPS)


class Change(NamedTuple):
    """A Dockerfile before and after; `before` is `None` for a new one."""

    before: str | None
    after: str


@st.composite
def texts(draw: st.DrawFn) -> list[str]:
    """The instructions of a Dockerfile of one to three stages."""
    found: list[str] = []
    for number in range(draw(st.integers(1, 3))):
        base = draw(st.sampled_from(BASES if number == 0 else (*BASES, "s0")))
        found.append(f"FROM {base} AS s{number}")
        if number and draw(st.booleans()):
            found.append(f"COPY --from=s{number - 1} /app /app")
        found += draw(st.lists(st.sampled_from(STEPS), max_size=7))
    return found


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """A new file, or one of which some instructions go and others come."""
    old = draw(texts())
    if draw(st.booleans()):
        return Change(None, _text(old))
    new = list(old)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(1, len(new)))
        new[at : at + draw(st.integers(0, 2))] = draw(st.lists(st.sampled_from(STEPS), max_size=3))
    return Change(_text(old), _text(new))


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
