"""From the name of a backbone to a network."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable

from metabench.errors import MetabenchError
from metabench.files.forms import shown
from metabench.networks.network import Network

# Not in their modules, whose sources are part of what a result depends on.
FOR_IMAGES = ("conv4", "conv4map", "resnet12", "resnet18")
OURS = (*FOR_IMAGES, "mlp")
WORD = re.compile("[a-z]+|[1-9][0-9]{0,3}|10000")  # of their names, after a hyphen


def build(backbone: str, input_shape: tuple[int, ...], outputs: int) -> Network:
    """The network that ``backbone`` names.

    The word before the first hyphen names a module of this package, whose ``network`` function
    is given the rest: ``conv4-64-pool`` is ``conv4.network("64-pool", ...)``.

    Args:
        backbone: such as ``conv4-64`` or ``mlp-40-40``.
        input_shape: of one input, (channels, height, width) or (features,).
        outputs: the width of the head; 0 for none.

    Raises:
        MetabenchError: where no module has that name, or it cannot serve.
    """
    kind, _, rest = backbone.partition("-")
    for word in backbone.split("-")[1:]:
        if kind in OURS and not WORD.fullmatch(word):
            raise MetabenchError(
                f"backbone {shown(backbone)}: {shown(word)} is no width; a whole number from 1 to "
                "10,000 is right"
            )
    if kind in FOR_IMAGES and len(input_shape) != 3:
        raise MetabenchError(
            f"backbone '{backbone}' is for images, and functions have none; mlp-40-40 or such is "
            "right"
        )
    try:
        module = importlib.import_module(module_of(backbone))
        make: Callable[..., Network] = module.network
    except (ModuleNotFoundError, AttributeError):
        raise MetabenchError(
            f"backbone '{backbone}': no backbone in metabench/networks/{kind}.py; known are "
            "conv4-<filters>[-flat|-pool][-scale], conv4map-<filters>, resnet12[-wide], resnet18 "
            "and mlp-<width>-<width>..."
        ) from None
    return make(rest, input_shape, outputs)


def module_of(backbone: str) -> str:
    """The name of the module that makes ``backbone``."""
    return f"metabench.networks.{backbone.partition('-')[0]}"
