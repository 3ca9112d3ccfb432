"""The training run: loop, step, CUDA graphs, inference, device, checkpoints, interruption, process group, progress."""
