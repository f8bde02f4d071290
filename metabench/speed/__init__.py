"""How fast metabench is, beside other libraries and beside what the machine can do."""
