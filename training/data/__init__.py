"""From users' files to token ids: inputs, reader, labels, dataset, splits, tokenizer, tokens."""
