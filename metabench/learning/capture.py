"""A meta-iteration captured by a GPU and launched as a whole.

The kernels of few-shot networks are shorter than the time that a processor takes to launch them.
A captured iteration is one launch: drawing, inner loops and outer update, without a word to the
processor in between. What changes from one iteration to the next lies on the device: its number,
the parameters and the optimiser's state.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from tqdm import tqdm

from metabench.algorithm import Metrics

WARM = 4  # iterations before the capture: a recording and its check among them


class Captured:
    """``iterate``: the iteration's number, int64 [] on the device -> metrics."""

    def __init__(self, iterate: Callable[[torch.Tensor], Metrics], device: torch.device) -> None:
        self.iterate = iterate
        self.iteration = torch.zeros((), dtype=torch.int64, device=device)
        self.beside = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self.calls = 0
        self.graph: torch.cuda.CUDAGraph | None = None
        self.metrics: Metrics = {}
        self.refused = ""

    def __call__(self, iteration: int) -> Metrics:
        """The metrics of one iteration; nothing waits for them."""
        self.iteration.fill_(iteration)
        self.calls += 1
        if self.calls <= WARM:
            return self.aside()
        if self.graph is None and not self.refused:
            self.capture()
        if self.graph is None:
            return self.iterate(self.iteration)
        self.graph.replay()
        return {name: value.clone() for name, value in self.metrics.items()}

    def capture(self) -> None:
        """Write an iteration down on the device; it does not run meanwhile."""
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                self.metrics = self.iterate(self.iteration)
        except RuntimeError as error:  # something in it waits for the device
            self.refused = str(error).splitlines()[0]
            tqdm.write(f"the iteration is not captured: {self.refused}")
        else:
            self.graph = graph

    @property
    def captured(self) -> bool:
        """Whether iterations are launched as a whole."""
        return self.graph is not None

    def aside(self) -> Metrics:
        """Run it on a stream of its own, as a capture wants to find it."""
        self.beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.beside):
            metrics = self.iterate(self.iteration)
        torch.cuda.current_stream().wait_stream(self.beside)
        return metrics
