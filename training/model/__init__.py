"""The network: encoder, attention, packing, quantization, export, metrics."""
