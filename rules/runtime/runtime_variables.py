"""Variables that a language's runtime, or a framework, reads although no file of the repository names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.api import Origin

if TYPE_CHECKING:
    from rules.api import Stage

_BY_RUNTIME = {
    "NODE_ENV NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS": ("node", "bun", "deno"),
    "RAILS_ENV RACK_ENV RUBYLIB": ("ruby",),
    "PYTHONPATH DJANGO_SETTINGS_MODULE FLASK_APP REQUESTS_CA_BUNDLE GUNICORN_CMD_ARGS": ("python3", "python"),
    "PERL5LIB": ("perl",),
    "CLASSPATH JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS": ("java",),
    "PHP_INI_SCAN_DIR": ("php", "php-fpm", "frankenphp"),
}
"""Variables that only programs of one language read, to those programs, the commonest first (their manuals).

What a language's framework reads in a program that needs no runtime stands below: .NET and Spring can be compiled into
one.
"""
_BY_ANY = frozenset(
    "MIX_ENV ASPNETCORE_URLS ASPNETCORE_HTTP_PORTS DOTNET_ENVIRONMENT ASPNETCORE_ENVIRONMENT SPRING_PROFILES_ACTIVE "
    "PLAYWRIGHT_BROWSERS_PATH LD_LIBRARY_PATH SSL_CERT_FILE GOMEMLIMIT GOGC WEB_CONCURRENCY".split()
)
_PROGRAMS = {name: programs for names, programs in _BY_RUNTIME.items() for name in names.split()}


def is_read_by_runtime(stage: Stage, name: str) -> bool:
    """Tell whether a runtime reads a variable, of which the image is not known to have none that does."""
    programs = _PROGRAMS.get(name)
    if programs is None:
        return name in _BY_ANY
    if any(stage.runtime.has_tool(one) for one in programs):
        return True
    return not (stage.runtime.lacks(programs[0]) or _starts_other_server(stage))


_COMPILED = frozenset(
    "nginx nginxinc/nginx-unprivileged bitnami/nginx registry.access.redhat.com/ubi9/nginx-124 "
    "registry.access.redhat.com/ubi9/nginx-126 httpd caddy traefik haproxy varnish".split()
)
"""Images of servers of pages that are written in C or Go, and bring none of these languages (their Dockerfiles)."""


def _starts_other_server(stage: Stage) -> bool:
    """Whether what starts is the server of pages that the base image is made for."""
    starts = stage.image.start_command
    of_pages = stage.facts is not None and stage.facts.name in _COMPILED
    return of_pages and bool(starts) and all(one.origin is Origin.BASE for one in starts)
