"""Whether a device computes what it should: packed texts against padded ones, bfloat16 against float32, CUDA graphs
against single launches, and the same dropout for the same seed."""

import random
from dataclasses import replace

import torch
from transformers import BertForSequenceClassification

from contenders import Task
from data.tokens import make_batch
from model.encoder import autocast, choose_attention
from model.packing import compute_logits, pack
from reviews import make_network
from run.checkpoints import Progress
from run.loop import make_optimizer, set_rate
from run.step import Batch, open_graphs, take_step

BATCHES = 50
RELATIVE_BOUND = 1e-5
"""Largest relative difference of loss and gradients in float32."""

BF16_BOUND = 0.03
"""Largest relative difference of a gradient in bfloat16, whose numbers have 8 bits, from the one in float32."""

Gradients = dict[str, torch.Tensor]


def check_equality(task: Task, shape: str) -> dict[str, float]:
    """Largest relative differences over the batches, without dropout.

    Returns:
        `loss` and `gradient`: packed against padded, in float32. `bf16_gradient` and `padded_bf16_gradient`: packed and
        padded in bfloat16 against packed in float32.
    """
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    model = _open_network(task, shape, 0.0)
    chooser, worst = random.Random(1), dict.fromkeys(("loss", "gradient", "bf16_gradient", "padded_bf16_gradient"), 0.0)
    for number in range(BATCHES):
        rows = chooser.sample(range(len(task.data.ids)), min(8, len(task.data.ids)))
        loss, gradients = _learn_packed(model, task, rows, "fp32")
        padded_loss, padded = _learn_padded(model, task, rows, "fp32")
        found = {"loss": abs(loss - padded_loss) / abs(padded_loss), "gradient": _measure_gap(gradients, padded)}
        if number % 5 == 0:
            found["bf16_gradient"] = _measure_gap(_learn_packed(model, task, rows, "bf16")[1], gradients)
            found["padded_bf16_gradient"] = _measure_gap(_learn_padded(model, task, rows, "bf16")[1], gradients)
        worst |= {name: max(worst[name], gap) for name, gap in found.items()}
    return worst


def check_dropout(task: Task, shape: str) -> dict[str, float]:
    """Relative differences between two passes with dropout: `same` seed, and `other` seeds."""
    model = _open_network(task, shape, 0.1)
    rows = list(range(min(8, len(task.data.ids))))

    def learn(seed: int) -> tuple[float, Gradients]:
        torch.manual_seed(seed)
        return _learn_packed(model, task, rows, task.settings.precision)

    first, again, other = learn(1), learn(1), learn(2)
    return {
        "same_loss": abs(first[0] - again[0]),
        "same_gradient": _measure_gap(first[1], again[1]),
        "other_loss": abs(first[0] - other[0]),
    }


def check_graphs(task: Task, shape: str) -> dict[str, float]:
    """Twenty steps on ten batches, the second ten with the same batches as the first.

    Returns:
        Without dropout, `loss` and `weights`: largest relative difference of a step's loss, and that of the weights,
        between captured and launched steps; `noise_loss` and `noise_weights`: the same between two runs of launched
        steps, because the attention kernel adds up in any order. With dropout, `repeated_loss`: largest difference of a
        loss between two runs with captured steps, and `other_dropout_loss`: from captured steps without dropout.
    """
    launched, again = (_take_steps(task, shape, 0.0, graphs=False) for _ in range(2))
    still = _take_steps(task, shape, 0.0, graphs=True)
    lively, repeated = (_take_steps(task, shape, 0.1, graphs=True) for _ in range(2))
    return {
        "loss": _measure_loss_gap(still[0], launched[0]),
        "weights": _measure_gap(still[1], launched[1]),
        "noise_loss": _measure_loss_gap(again[0], launched[0]),
        "noise_weights": _measure_gap(again[1], launched[1]),
        "repeated_loss": float((lively[0] - repeated[0]).abs().max()),
        "other_dropout_loss": float((lively[0] - still[0]).abs().max()),
    }


def _measure_loss_gap(first: torch.Tensor, second: torch.Tensor) -> float:
    return float(((first - second).abs() / second.abs()).max())


def _take_steps(task: Task, shape: str, dropout: float, graphs: bool) -> tuple[torch.Tensor, Gradients]:
    model = _open_network(task, shape, dropout)
    settings = replace(task.settings, cuda_graphs=graphs, learning_rate=1e-4)
    run = replace(task, settings=settings).make_run(model)
    optimizer, progress = make_optimizer(model, settings), Progress(micro=8)
    captured, figures = open_graphs(run, optimizer), []
    for number in range(20):
        rows = [(number % 10 * 8 + place) % len(task.data.ids) for place in range(8)]
        set_rate(optimizer, 1e-4)
        figures.append(take_step(run, optimizer, Batch(rows, rows, number, "step"), progress, captured))
    weights = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    return torch.stack(figures)[:, 0].cpu(), weights


def _open_network(task: Task, shape: str, dropout: float) -> BertForSequenceClassification:
    model = make_network(shape, dropout, len(task.data.classes))
    model.set_attn_implementation(choose_attention())
    # The fresh head's weights are so small that its gradients would hide the encoder's.
    torch.nn.init.normal_(model.classifier.weight, std=0.1)
    return model.to(task.device).train()  # type: ignore[arg-type]


def _learn_packed(
    model: BertForSequenceClassification, task: Task, rows: list[int], precision: str
) -> tuple[float, Gradients]:
    texts = pack(task.data, rows).to(task.device)
    with autocast(task.device, precision):
        logits = compute_logits(model, texts)
    return _collect(model, torch.nn.functional.cross_entropy(logits, texts.labels))


def _learn_padded(
    model: BertForSequenceClassification, task: Task, rows: list[int], precision: str
) -> tuple[float, Gradients]:
    batch = make_batch(task.data, rows)
    with autocast(task.device, precision):
        logits = model(batch.ids.to(task.device), attention_mask=batch.mask.to(task.device)).logits
    return _collect(model, torch.nn.functional.cross_entropy(logits.float(), batch.labels.to(task.device)))


def _collect(model: torch.nn.Module, loss: torch.Tensor) -> tuple[float, Gradients]:
    model.zero_grad()
    loss.backward()
    named = {name: parameter.grad for name, parameter in model.named_parameters() if parameter.grad is not None}
    return loss.item(), {name: gradient.clone() for name, gradient in named.items()}


def _measure_gap(first: Gradients, second: Gradients) -> float:
    """Relative difference of all numbers together."""
    whole = [torch.cat([gradients[name].flatten() for name in second]) for gradients in (first, second)]
    return float((whole[0] - whole[1]).norm() / whole[1].norm())
