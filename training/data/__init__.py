"""From CSV files to token ids: inputs, dataset, splits, tokenizer, tokens."""
