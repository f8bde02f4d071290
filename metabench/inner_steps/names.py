"""What is measured and the files of the report. The workflow reads it, so it imports nothing."""

WAYS: dict[
    str, tuple[str, dict[str, object]]
] = {  # a line of the picture: the algorithm that it is of, and what is set beside its steps
    "maml": ("maml", {}),
    "maml_recompute": ("maml", {"recompute": True}),
    "imaml": ("imaml", {"cg_steps": 5}),
}
TITLES = {
    "maml": "MAML",
    "maml_recompute": "MAML, steps recomputed",
    "imaml": "iMAML",
}
STEPS = (1, 2, 4, 8, 16)  # 16 are iMAML's published ones on Omniglot, 5-way
SETTING, TASKS = "omniglot-5w1s", 8
FILES = ("inner_steps.csv", "inner_steps.md", "inner_steps.svg", "inner_steps.png")
