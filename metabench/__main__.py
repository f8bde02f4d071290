"""``python -m metabench`` is the command line."""

from metabench.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
