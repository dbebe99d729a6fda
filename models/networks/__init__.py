"""One file per network, read beside its paper: tensors in, tensors out; no files, no runs."""
