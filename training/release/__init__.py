"""From network to version: candidate, proof, golden, gate, report, manifest, publication, store, repeat."""
