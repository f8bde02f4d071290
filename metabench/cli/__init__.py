"""The command line: one subcommand for each rule of the workflow, and some for people.

A file for each group of commands: how a command is called, and below it what it does. Each imports
what it needs when it runs, so that `metabench --help` loads neither torch nor pandas.
"""

from metabench.cli.program import main as main
from metabench.cli.program import make_parser as make_parser
