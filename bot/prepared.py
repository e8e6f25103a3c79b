"""All that a process that judges needs, loaded by importing this: once, by the process that they are forked from.

Processes that are forked from it share its memory as well, as long as nothing looks for garbage in it.
"""

from bot import reviewer  # noqa: F401 - whose functions they are handed
from bot.judgement import prepare
from bot.memory import collect_seldom

prepare(None)
collect_seldom()
