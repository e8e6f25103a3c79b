"""See download_folder_moved.md."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Instruction,
    Note,
    Problem,
    Run,
    Severity,
    Stage,
    Word,
    quote,
    rule,
)
from rules.packages.settings_above import set_above


class _Store(NamedTuple):
    """A folder of downloads that a program looks in when it runs.

    Attributes:
        filled: What a RUN says that fills it.
        told: Options and arguments by which that fills another folder.
        default: Where it lies unless a variable says otherwise.
        effect: What becomes of a program that finds it empty.
        stops: Whether it does not start without.
    """

    filled: re.Pattern[str]
    told: re.Pattern[str]
    default: str
    effect: str
    stops: bool


_AGAIN = "fetches everything once more in each container, or fails where it cannot"
_MODELS = _Store(
    re.compile(
        r"\.from_pretrained\(|\b(?:snapshot|hf_hub)_download\(|\bSentenceTransformer\("
        r"|\b(?:huggingface-cli|hf)\s+download\b"
    ),
    re.compile(r"local[-_]dir|(?<!no-)cache[-_](?:dir|folder)"),
    "~/.cache/huggingface",
    _AGAIN,
    stops=False,
)
_STORES = {
    **dict.fromkeys(("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_CACHE"), _MODELS),
    "TORCH_HOME": _Store(
        re.compile(r"\btorch\.hub\.load\("), re.compile(r"set_dir|model_dir"), "~/.cache/torch", _AGAIN, stops=False
    ),
    "PLAYWRIGHT_BROWSERS_PATH": _Store(
        re.compile(r"\bplaywright\s+install\b(?!-deps)"),
        re.compile(r"--dry-run\b|--list\b"),
        "~/.cache/ms-playwright",
        "stops with “Executable doesn't exist”",
        stops=True,
    ),
    "PUPPETEER_CACHE_DIR": _Store(
        re.compile(r"\bpuppeteer\s+browsers\s+install\b"),
        re.compile(r"--path\b"),
        "~/.cache/puppeteer",
        "stops with “Could not find Chrome”",
        stops=True,
    ),
}
"""Variables by the programs that read them.

Hugging Face Hub ("Environment variables"), PyTorch (`torch.hub`), Playwright ("Managing browser binaries") and
Puppeteer ("Configuration").
"""


@rule(
    "download-folder-moved",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("ENV",),
    mentions=tuple(name.lower() for name in _STORES),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A variable leads to another folder of downloads than the one that a step above has filled."""
    chains = {one.index: one for stage in change.after.shipped for one in stage.chain}
    for stage in chains.values():
        for env in stage.instructions:
            for name, value in env.pairs if env.keyword == "ENV" else ():
                store = _STORES.get(name.text)
                if store is None or value is None:
                    continue
                run = _filled_before(stage, env, name.text, value, store)
                if run is not None:
                    yield _problem(stage, env, name.text, value, store, run)


def _filled_before(stage: Stage, env: Instruction, name: str, value: Word, store: _Store) -> Run | None:
    """Return the RUN above an ENV that fills the folder of before, where nothing fills or speaks of the new one."""
    folder = value.text.strip("\"'").rstrip("/")
    if "$" in folder or ".cache" in folder or not folder.startswith("/"):
        return None
    others = [step.instruction for step in stage.all_steps if step.instruction is not env]
    if any(folder in other.text for other in others):
        return None
    fills = [run for run in stage.done_runs if store.filled.search(run.instruction.whole_value)]
    last = fills[-1] if fills else None
    if last is None or last.stage is not stage or last.instruction.line > env.line or last.deferred:
        return None
    text = last.instruction.whole_value
    told = store.told.search(text) or name in text or any(last.scope.get(one) is not None for one in _alike(store))
    return None if told or any(mount.type == "cache" for mount in last.mounts) else last


def _alike(store: _Store) -> list[str]:
    return [name for name, other in _STORES.items() if other is store]


def _problem(stage: Stage, env: Instruction, name: str, value: Word, store: _Store, run: Run) -> Problem:
    folder = quote(value.text.strip("\"'"))
    return Problem(
        env.span,
        f"{stage.label} sets `{name}` to {folder} below the step that downloads (line {run.instruction.line}): that "
        f"went to {quote(store.default)}. What starts looks in {folder}, finds nothing, and {store.effect}. Set it "
        "above the download.",
        Confidence.LIKELY,
        doubt=f"a volume may bring {folder}",
        instruction=env,
        stage=stage.key,
        key=name,
        severity=Severity.ERROR if store.stops else None,
        notes=(Note(run.instruction.span, f"fills {store.default}"),),
        fix=set_above(stage, env, run, "Set it above the download"),
    )
