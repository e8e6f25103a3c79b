"""Python packages that conda installs into an image for GPUs, although every one of them is a wheel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.api import Confidence, Problem, Severity, quote
from rules.base_image.gpu.cuda_images import is_for_gpus
from rules.quoting import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import PackageCall, Run, Stage

_WHEELS = frozenset(
    "accelerate aiohttp beautifulsoup4 bokeh boto3 catboost click cython dask datasets diffusers einops fastapi flask "
    "gensim gradio gymnasium huggingface_hub imageio ipykernel ipython ipywidgets jax jupyter jupyterlab keras "
    "lightgbm lightning matplotlib networkx nltk notebook numba numpy onnx onnxruntime optuna packaging pandas peft "
    "pillow plotly polars protobuf psutil pyarrow pydantic pytest pytorch pytorch-lightning pyyaml requests "
    "safetensors scikit-image scikit-learn scipy seaborn sentence-transformers sentencepiece shapely spacy sqlalchemy "
    "statsmodels sympy tensorboard timm tokenizers torch torchaudio torchmetrics torchvision tqdm transformers "
    "typing_extensions uvicorn wandb xgboost".split()
)
"""Packages of conda with wheels for Linux under the same project's name on Python's own index."""
_BESIDE = frozenset({"python", "pip", "cudatoolkit", "pytorch-cuda", "cuda-version", "cpuonly", "conda", "mamba"})
"""What an install of wheels needs from elsewhere or not at all."""
_CHANNEL = "pytorch"


def problems(stage: Stage) -> Iterator[Problem]:
    """Yield once for a stage whose installs by conda are of Python packages with wheels alone."""
    if not is_for_gpus(stage):
        return
    calls = [(run, call) for run in stage.runs if not run.deferred for call in run.package_calls]
    calls = [(run, call) for run, call in calls if call.manager == "conda" and call.action == "install"]
    named = [package.name for _, call in calls for package in call.packages]
    wheels = [name for name in dict.fromkeys(named) if name in _WHEELS]
    if not wheels or any(name not in _WHEELS and name not in _BESIDE for name in named) or _by_files(stage):
        return
    run, call = next((run, call) for run, call in calls if any(p.name in _WHEELS for p in call.packages))
    yield _problem(stage, run, call, wheels)


def _by_files(stage: Stage) -> bool:
    """Whether conda makes an environment of a file, which may hold whatever it likes."""
    calls = [call for run in stage.all_runs for call in run.package_calls if call.manager == "conda"]
    commands = [command for run in stage.all_runs for command in run.calls("conda", "mamba", "micromamba")]
    return any(call.manifests for call in calls) or any(command.subcommand == "env" for command in commands)


def _problem(stage: Stage, run: Run, call: PackageCall, wheels: list[str]) -> Problem:
    ended = (
        f" The channel `{_CHANNEL}` has nothing newer than PyTorch 2.5."
        if _CHANNEL in call.options.values("--channel")
        else ""
    )
    return Problem(
        call.command.span,
        f"Besides Python and CUDA, all that {stage.label} installs by `{call.program}` is a wheel as well: "
        f"{listed(map(quote, wheels))}.{ended} `uv pip install` takes those without conda's own solver, and without a "
        "second environment to keep and to ship.",
        Confidence.POSSIBLE,
        doubt="conda may be there for what no wheel has",
        instruction=run.instruction,
        stage=stage.key,
        severity=Severity.INFO,
        key="conda",
    )
