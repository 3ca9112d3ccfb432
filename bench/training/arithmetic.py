"""What a training step has to compute, and what a processor could compute."""

import torch
from transformers import BertConfig

PEAKS = {
    "H200": 989e12,
    "H100 80GB HBM3": 989e12,
    "H100 PCIe": 756e12,
    "A100": 312e12,
    "L40S": 362e12,
    "L4": 121e12,
}
"""Dense bfloat16 operations per second by a part of the device's name, from the vendor's data sheets."""


def find_peak(device: torch.device) -> float | None:
    """The device's bfloat16 peak in operations per second, None where it is not known."""
    if device.type != "cuda":
        return None
    name = torch.cuda.get_device_name(device)
    return next((peak for part, peak in PEAKS.items() if part in name), None)


def count_operations(config: BertConfig, lengths: list[int]) -> float:
    """Operations of forward and backward over texts of these lengths: of their tokens alone, without padding.

    The last layer counts for [CLS] only, because nothing else of it reaches the loss; that is less than the usual
    6 x parameters x tokens, for every contender alike. Embeddings and element-wise work do not count.
    """
    return 3 * sum(_count_forward(config, length) for length in lengths)


def _count_forward(config: BertConfig, length: int) -> float:
    width, inner = config.hidden_size, config.intermediate_size
    per_token = 2 * (4 * width * width + 2 * width * inner)
    layer = length * per_token + 4 * length * length * width
    last = length * 4 * width * width + (per_token - 4 * width * width) + 4 * length * width
    return (config.num_hidden_layers - 1) * layer + last + 2 * width * width
