"""Programs that install, by their language, and which of them can have brought a program: `pip` brings no `curl`."""

from __future__ import annotations

SYSTEM_PROGRAMS = frozenset(
    "bash curl wget git tini dumb-init gosu su-exec nc netcat jq ssh sudo nginx java node npm npx php ruby psql "
    "pg_isready redis-cli mysqladmin catatonit s6-svscan supervisord dotnet apachectl httpd apache2 socat nslookup dig "
    "ping python python3 perl ps pgrep pkill netstat php-fpm apache2-foreground".split()
)
"""Programs that the system's package manager or the base image brings, and no language's installer, by and large."""

SYSTEM_PROGRAMS_OF_LANGUAGES = frozenset("supervisord dumb-init node npm npx".split())
"""Those of them that Python packages bring as well: `supervisor`, `dumb-init`, `nodeenv`."""

NODE_MANAGERS = frozenset({"npm", "pnpm", "yarn", "bun"})
"""What installs the packages of a `package.json`, and runs its scripts."""

PROJECT_FOLDERS = {**dict.fromkeys(NODE_MANAGERS, "node_modules"), "composer": "vendor", "uv": ".venv"}
"""The folder of a project into which these managers put its packages."""

PYTHON_MANAGERS = frozenset({"pip", "uv", "poetry", "pipenv", "pdm"})
"""What installs a Python project's packages."""

PROJECT_MANAGERS = frozenset("uv uvx poetry pipenv pdm yarn pnpm bun bunx bundle composer".split())
"""Programs that manage a project's dependencies: they are installed by their own name, never as a dependency."""

LANGUAGE_INSTALLERS = frozenset(
    "pip pip3 python python3 npm npx yarn pnpm bun node corepack gem bundle bundler rake ruby go cargo rustup rustc "
    "dotnet mvn mvnw gradle gradlew java javac composer php phpize pecl docker-php-ext-install docker-php-ext-enable "
    "docker-php-ext-configure poetry uv pipenv pdm tsc next vite nest ng prisma alembic flask django-admin celery "
    "playwright dos2unix a2enmod a2dissite a2ensite locale-gen dpkg-reconfigure addgroup adduser deluser delgroup "
    "groupdel userdel chpasswd chsh chage strip find gzip gunzip xz bzip2 openssl envsubst hostname date df free ps "
    "uname which command type mkfifo setfacl tr rev tac fold fc-cache update-alternatives printenv getent seq expr "
    "basename dirname make gcc g++ cc cmake autoconf manage.py artisan console rails".split()
)
"""Commands that fill a project's folders, or the system's configuration, and put none of the above on the PATH."""

BY_PROJECT_INSTALLERS = frozenset("pip pip3 pipx npm yarn pnpm bun corepack gem conda mamba uv".split())
"""Those that can bring a project's manager all the same, from a list of requirements or as a shim."""
