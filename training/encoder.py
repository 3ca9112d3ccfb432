"""The network: BERT with one linear layer on its pooled output."""

import contextlib
import hashlib
import os
from pathlib import Path

import torch
from safetensors import safe_open

os.environ.setdefault("HF_HUB_OFFLINE", "1")
from transformers import AutoConfig, BertForSequenceClassification, logging

import attention
from data.dataset import LABELS
from layer import PLAIN, Halves
from packing import Pack, compute_packed_logits
from storage import explain_unreadable

logging.set_verbosity_error()
logging.disable_progress_bar()


def check_base(folder: Path, problems: list[str]) -> None:
    """Adds to `problems` what the folder lacks to be a pretrained BERT."""
    places = (folder, *(folder / name for name in ("config.json", "model.safetensors", "tokenizer.json", "vocab.txt")))
    if refusal := next(filter(None, map(explain_unreadable, places)), None):
        problems.append(refusal)
        return
    if not folder.is_dir():
        problems.append(
            f"{folder}: no such folder; BERT_PATH must hold a pretrained BERT (config.json, model.safetensors and "
            f'tokenizer.json or vocab.txt), mounted with -v "<folder>:{folder.parent}" in a container.'
        )
        return
    lacking = [name for name in ("config.json", "model.safetensors") if not (folder / name).is_file()]
    if not any((folder / name).is_file() for name in ("tokenizer.json", "vocab.txt")):
        lacking.append("tokenizer.json or vocab.txt")
    if lacking:
        problems.append(f"{folder}: {', '.join(lacking)} missing from the pretrained BERT.")


def check_head(folder: Path, problems: list[str]) -> None:
    """Adds to `problems` if the weights lack the classification layer that publishing without training needs."""
    weights = folder / "model.safetensors"
    if not weights.is_file():
        return
    with safe_open(weights, "pt") as tensors:
        if "classifier.weight" not in tensors.keys():  # noqa: SIM118  (no dict)
            problems.append(f"EPOCHS=0 publishes weights as they are, and {weights} has no classification layer.")


def load_encoder(folder: Path, dropout: float, encoder_dropout: float) -> BertForSequenceClassification:
    """The pretrained BERT with a new classification layer of two logits; reads safetensors only, never a pickle.

    Args:
        folder: config.json and model.safetensors in the Hugging Face layout.
        dropout: before the classification layer.
        encoder_dropout: on hidden states and attention weights inside the encoder.
    """
    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    config.num_labels = len(LABELS)
    config.id2label = dict(enumerate(LABELS))
    config.label2id = {label: index for index, label in enumerate(LABELS)}
    config.classifier_dropout = dropout
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = encoder_dropout
    return BertForSequenceClassification.from_pretrained(
        folder, config=config, use_safetensors=True, local_files_only=True, attn_implementation=choose_attention()
    )


def describe_base(folder: Path) -> dict[str, str]:
    """Name and SHA-256 of the pretrained weights."""
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    return {"name": folder.name, "sha256": digest}


def choose_attention() -> str:
    """The faster attention: PyTorch's fused kernel on a GPU, written out on a CPU."""
    return "sdpa" if torch.cuda.is_available() else attention.NAME


def computes_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 natively."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.cpu.get_capabilities().get("avx512_bf16", False))


def autocast(device: torch.device, precision: str) -> contextlib.AbstractContextManager[object]:
    """Autocast to bfloat16 where the precision setting asks for it, else nothing."""
    wanted = precision == "bf16" or (precision == "auto" and computes_bf16(device))
    return torch.autocast(device.type, torch.bfloat16) if wanted else contextlib.nullcontext()


def compute_logits(model: BertForSequenceClassification, texts: Pack, halves: Halves = PLAIN) -> torch.Tensor:
    """Logits of packed texts on the model's device, float32 [texts, labels]."""
    return compute_packed_logits(model, texts, halves).float()
