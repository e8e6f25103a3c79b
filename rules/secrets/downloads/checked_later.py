"""Whether a download is checked: by the step that fetches it, or by a later one of the stage."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.lazily import once
from rules.secrets.downloads.checks import checks, last_checks
from rules.secrets.downloads.fetched import FETCHERS, added_name, saved_name, split_url, urls

if TYPE_CHECKING:
    from rules.model.copy_source import CopySource
    from rules.model.stage import Stage
    from rules.model.steps import Step

SAVING = FETCHERS | {"php"}
"""What saves an address: PHP by a `copy` in the code of its `-r`, as Composer's page had it for long."""
_SUM_OR_KEY = re.compile(
    r"\.(?:asc|(?:mini)?sig|sigstore|gpg|key|pub|sha\d*\w*|md5\w*)(?:[?#]|$)|KEY|[Kk]eyring|sums?\b", re.IGNORECASE
)


def is_checked(step: Step, name: str) -> bool:
    """Tell whether a check of this step or a later one names a file, or names none of the downloads."""
    last = _checks_of(step.stage)
    return max(last.get(None, -1), last.get(name, -1)) >= step.index


def address_of(source: CopySource) -> str:
    """Return the address of an ADD as written; filled in where scheme and host are not written out."""
    text = source.word.text.strip("\"'")
    written = split_url(text) if "$" in text else None
    return text if written is not None and "$" not in written[1] else source.path or ""


@once
def _checks_of(stage: Stage) -> dict[str | None, int]:
    """Return where each download of a stage is checked last, as `last_checks` does; sums and keys are no downloads."""
    if not any(checks(run) for run in stage.runs):
        return {}
    found = (url for run in stage.runs for command in run.calls(*SAVING) for url in urls(command, run))
    names = {saved_name(url) for url in found if not _SUM_OR_KEY.search(url.text)}
    added = ((copy, address_of(source)) for copy in stage.copies if copy.is_add for source in copy.sources)
    names |= {added_name(copy, path) for copy, path in added if path and "://" in path and not _SUM_OR_KEY.search(path)}
    return last_checks(stage, names - {""})
