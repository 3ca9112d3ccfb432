"""From a trained network to a published version: candidate, proof, golden, gate, report, manifest, publication, store."""
