"""What a process that judges carries along."""

from __future__ import annotations

import subprocess
import sys

from rules import catalogue

PROGRAM = """
import sys
import bot.cli  # which a new process imports again, as the main module of its parent
import bot.reviewer  # whose functions it is handed
from bot.judgement import prepare
print(prepare(None), *{"aiohttp", "asyncpg", "gidgethub", "gitlab", "sqlalchemy"} & sys.modules.keys())
"""


def test_a_process_that_judges_loads_the_rules_and_nothing_of_the_server() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(len(catalogue.load()))]


FORKED = """
import asyncio
from bot.processes import Processes
ASKED = {"aiohttp", "gitlab", "sqlalchemy", "rules.user.final_user_missing"}
LOADED = f"{ASKED} & __import__('sys').modules.keys()"
async def main():
    async with Processes(1, limit=60, loaded=["bot.prepared"]) as processes:
        print(*await processes.run(eval, LOADED))
asyncio.run(main())
"""


def test_it_is_forked_with_the_rules_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["rules.user.final_user_missing"]
