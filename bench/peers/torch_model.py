"""BERT in PyTorch: as the tutorial service has it, padded to 512 tokens, and as one who tunes it would."""

from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, BertForSequenceClassification

from peer import MAX_TOKENS, Classify, Load


def load(folder: Path, how: Load) -> tuple[Classify, str]:
    """Text → probability of "positive", and in words what answers."""
    if how.threads:
        torch.set_num_threads(how.threads)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = BertForSequenceClassification.from_pretrained(folder).eval()
    if how.precision == "bf16":
        model = model.to(torch.bfloat16)
    padding: Any = "max_length" if how.padded else False

    def classify(text: str) -> float:
        folded = " ".join(text.split())
        inputs = tokenizer(folded, padding=padding, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
        with torch.inference_mode():
            logits = model(**inputs).logits[0].float()
        return float(torch.sigmoid(logits[1] - logits[0]))

    length = f"padded to {MAX_TOKENS}" if how.padded else "unpadded"
    return classify, f"PyTorch {torch.__version__}, {how.precision}, {length}, {torch.get_num_threads()} threads"
