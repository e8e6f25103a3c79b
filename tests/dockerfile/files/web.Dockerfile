# syntax=docker/dockerfile:1.20

ARG PYTHON_VERSION=3.13
ARG REGISTRY=registry.example.com/mirror

# builds the wheels
FROM --platform=$BUILDPLATFORM ${REGISTRY}/python:${PYTHON_VERSION}-slim AS wheels
WORKDIR /src
RUN --mount=type=cache,target=/root/.cache/pip,sharing=locked \
    --mount=type=bind,source=requirements.txt,target=requirements.txt \
    pip wheel --wheel-dir /wheels \
      # the C extensions need a compiler
      -r requirements.txt \

      && ls /wheels
COPY --link --chown=1000:1000 pyproject.toml src/ ./
ENV PIP_NO_CACHE_DIR=1 \
    # stays on one line
    PATH="/opt/app/bin:$PATH" GREETING='hello world' \
    ESCAPED=a\ b

FROM python:${PYTHON_VERSION}-slim
LABEL org.opencontainers.image.title="shop" \
      org.opencontainers.image.description="A shop that \"sells\" nothing"
RUN groupadd --gid 1000 app && useradd --uid 1000 --gid app app
COPY --from=wheels /wheels /wheels
COPY ["start up.sh", "config.json", "/opt/app/"]
HEALTHCHECK --interval=30s --timeout=3s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health')"]
USER 1000:1000
EXPOSE 8000/tcp 8001
VOLUME /var/lib/shop /var/cache/shop
STOPSIGNAL SIGTERM
ENTRYPOINT ["/opt/app/start up.sh"]
CMD python -m shop --bind 0.0.0.0:8000
