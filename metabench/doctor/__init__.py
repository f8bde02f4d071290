"""Whether metabench can be used on this machine, and what to do where it cannot."""
