"""BERT with one linear layer on its pooled output: loading, precision, and one layer of the forward pass.

`run_layer` and `classify` serve both forward passes: the packed one for training and the one that is exported.
"""

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

os.environ.setdefault("HF_HUB_OFFLINE", "1")
from transformers import BertConfig, BertForSequenceClassification, logging

from data.dataset import POLAR
from model.attention import NAME
from model.head import arrange_head

logging.set_verbosity_error()
logging.disable_progress_bar()


def load_encoder(
    folder: Path, dropout: float, encoder_dropout: float, classes: tuple[str, ...] = POLAR
) -> BertForSequenceClassification:
    """The pretrained BERT with one logit for each class; reads safetensors only, never a pickle.

    A classification layer that the base has is kept as `arrange_head` says; else it is new.

    Args:
        folder: config.json and model.safetensors in the Hugging Face layout.
        dropout: before the classification layer.
        encoder_dropout: on hidden states and attention weights inside the encoder.
        classes: class names in logit order.
    """
    config = BertConfig.from_pretrained(folder, local_files_only=True)
    config.num_labels = len(classes)
    config.id2label = dict(enumerate(classes))
    config.label2id = {name: index for index, name in enumerate(classes)}
    config.classifier_dropout = dropout
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = encoder_dropout
    model: BertForSequenceClassification = BertForSequenceClassification.from_pretrained(
        folder,
        config=config,
        use_safetensors=True,
        local_files_only=True,
        attn_implementation=choose_attention(),
        # A layer of other classes, which is arranged next.
        ignore_mismatched_sizes=True,
    )
    arrange_head(model.classifier, folder, classes)
    return model


def choose_attention() -> str:
    """The faster attention: PyTorch's fused kernel on a GPU, written out on a CPU."""
    return "sdpa" if torch.cuda.is_available() else NAME


def computes_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 natively."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.cpu.get_capabilities().get("avx512_bf16", False))


def autocast(device: torch.device, precision: str) -> contextlib.AbstractContextManager[object]:
    """Autocast to bfloat16 where the precision setting asks for it, else nothing."""
    wanted = precision == "bf16" or (precision == "auto" and computes_bf16(device))
    return torch.autocast(device.type, torch.bfloat16) if wanted else contextlib.nullcontext()


Attend = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""Query, key and value, each [..., hidden size], to the mixed values, shaped like the query."""


@dataclass(frozen=True)
class Halves:
    """A layer's computation before and after its attention, plain or compiled.

    Attributes:
        project: layer, hidden states of the tokens to compute and of the tokens that they look at, to query, key and
            value.
        finish: layer, mixed values and hidden states of the tokens to compute, to the layer's outputs.
    """

    project: Callable[[Any, torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor, torch.Tensor]]
    finish: Callable[[Any, torch.Tensor, torch.Tensor], torch.Tensor]


def _project(layer: Any, asking: torch.Tensor, hidden: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    own = layer.attention.self
    return own.query(asking), own.key(hidden), own.value(hidden)


def _finish(layer: Any, mixed: torch.Tensor, asking: torch.Tensor) -> torch.Tensor:
    attended = layer.attention.output(mixed, asking)
    outputs: torch.Tensor = layer.output(layer.intermediate(attended), attended)
    return outputs


PLAIN = Halves(_project, _finish)


def choose_halves(compiled: bool) -> Halves:
    """The plain halves, or each compiled as one piece for any number of tokens, its element-wise parts fused.

    Attention is left out: it is one kernel already, and tracing its spans would compile it anew for each of them.
    """
    return Halves(torch.compile(_project, dynamic=True), torch.compile(_finish, dynamic=True)) if compiled else PLAIN


def run_layer(
    layer: Any, asking: torch.Tensor, hidden: torch.Tensor, attend: Attend, halves: Halves = PLAIN
) -> torch.Tensor:
    """The layer's outputs for some tokens, shaped like `asking`.

    Args:
        layer: a BertLayer; its dropout applies while it is in training mode.
        asking: hidden states of the tokens to compute, [..., hidden size].
        hidden: hidden states of all tokens that these may look at, [..., hidden size].
        attend: the attention.
        halves: what computes the rest.
    """
    return halves.finish(layer, attend(*halves.project(layer, asking, hidden)), asking)


def classify(model: BertForSequenceClassification, first: torch.Tensor) -> torch.Tensor:
    """Logits, [texts, labels], from the last layer's outputs at [CLS], [texts, hidden size]."""
    pooler: Any = model.bert.pooler
    logits: torch.Tensor = model.classifier(model.dropout(pooler.activation(pooler.dense(first))))
    return logits
