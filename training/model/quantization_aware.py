"""Quantization-aware training: the rounding of the int8 model, simulated while the network learns.

Linear layers round their inputs and weights as the served model will, and pass gradients on as if they did not (the
straight-through estimator; Jacob et al., 2018, arXiv:1712.05877). The network then learns weights whose answers
rounding changes less. The rounded weights are the network that was trained: `round_weights` keeps them at the end. In
evaluation mode nothing else is rounded, so that validation, export and proof see the exact network.
"""

from typing import Any

import torch
from transformers import BertForSequenceClassification

from model.quantization import find_stretches

_INPUT_LEVELS = 255
"""Steps between the least and the largest input: unsigned 8 bits."""

_WEIGHT_LEVELS = 64
"""Steps between 0 and a channel's largest weight: signed 7 bits."""


class RoundedLinear(torch.nn.Linear):
    """A linear layer that computes with rounded inputs and weights while it trains.

    Attributes:
        stretch: what the export multiplies the weights of each input channel by, and divides the inputs by, float32
            [inputs].
    """

    stretch: torch.Tensor

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Outputs [..., outputs] of inputs [..., inputs]."""
        if not self.training:
            return super().forward(inputs)
        rounded = _round_inputs(inputs.float() / self.stretch) * self.stretch
        seen, weights = _pass_gradient(inputs, rounded), _pass_gradient(self.weight, self.round_weight())
        return torch.nn.functional.linear(seen, weights, self.bias)

    def round_weight(self) -> torch.Tensor:
        """The weights as the export rounds them, float32 [outputs, inputs]."""
        return _round_weight(self.weight * self.stretch) / self.stretch


def _pass_gradient(exact: torch.Tensor, rounded: torch.Tensor) -> torch.Tensor:
    """The rounded values, whose gradient goes to the exact ones."""
    return exact + (rounded.detach() - exact).detach()


def _round_inputs(inputs: torch.Tensor) -> torch.Tensor:
    """One scale for all, from the least to the largest value and 0, as DynamicQuantizeLinear has it."""
    least, largest = inputs.detach().aminmax()
    scale = ((largest.clamp(min=0) - least.clamp(max=0)) / _INPUT_LEVELS).clamp(min=1e-12)
    return (inputs / scale).round() * scale


def _round_weight(weight: torch.Tensor) -> torch.Tensor:
    """One scale for each output channel, [outputs, inputs]."""
    scale = (weight.detach().abs().amax(dim=1, keepdim=True) / _WEIGHT_LEVELS).clamp(min=1e-12)
    return (weight / scale).round() * scale


def round_weights(model: BertForSequenceClassification) -> None:
    """Gives layers that rounded while they trained the rounded weights for good, as the network that was trained."""
    with torch.no_grad():
        for layer in model.modules():
            if isinstance(layer, RoundedLinear):
                layer.weight.copy_(layer.round_weight())


def simulate_quantization(model: BertForSequenceClassification, texts: list[list[int]]) -> None:
    """Makes the encoder's linear layers round while they train; weights and their names stay as they are.

    Args:
        model: on the CPU.
        texts: token ids of some training texts, which show the range of each channel.
    """
    stretches = find_stretches(model.eval(), texts)
    for name, module in model.bert.encoder.named_modules():
        if type(module) is not torch.nn.Linear:
            continue
        layer: Any = module
        # The layer itself and not one around it: names of weights and what reads them stay as they are.
        layer.__class__ = RoundedLinear
        stretch = stretches.get(f"bert.encoder.{name}", torch.ones(module.in_features))
        layer.register_buffer("stretch", stretch, persistent=False)
