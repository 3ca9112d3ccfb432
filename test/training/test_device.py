"""Where the wanted processor cannot be had, one sentence says why and what to do."""

import pytest
import torch

from run.device import choose_device, explain_absence


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ((None, "13.0", "no device found"), "start the container with docker run --gpus 1"),
        (("NVRM version 560", None, "Torch not compiled with CUDA enabled"), "this PyTorch was built without CUDA"),
        (
            ("NVRM version 450", "13.0", "The NVIDIA driver on your system is too old (found version 11000)"),
            "the driver and PyTorch's CUDA 13.0 do not go together (The NVIDIA driver on your system is too old",
        ),
    ],
)
def test_a_missing_gpu_is_explained(state: tuple[str | None, str | None, str], sentence: str) -> None:
    assert sentence in explain_absence(*state)


def test_a_gpu_that_is_asked_for_and_absent_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    # Also where the tests run on a GPU.
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    problems: list[str] = []
    choose_device("cuda", problems)
    assert len(problems) == 1 and problems[0].startswith("DEVICE is cuda, but ")


def test_an_unknown_device_is_a_problem_and_the_cpu_never_is() -> None:
    problems: list[str] = []
    assert choose_device("cpu", problems).type == "cpu"
    assert problems == []
    choose_device("tpu", problems)
    assert problems == ["DEVICE 'tpu' is none of auto, cpu and cuda."]
