"""Draws the figures of docs/gallery.md; with `--all`, every bundled network's.

python docs/gallery.py [--all] [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

import cnncost
from cnncost import bundled
from cnncost.views.draw.figure import FigureOptions, draw_figure, list_weights

HERE = Path(__file__).parent

NETWORKS = (
    *("minmax", "residual_mlp", "alexnet", "resnet18", "resnet50", "densenet121", "unet"),
    *("googlenet", "shufflenet_v2", "two_stream", "hrnet_w18", "vit_b16"),
)


def main(folder: Path, names: tuple[str, ...]) -> None:
    """Draw the networks for a column of 85 mm."""
    for name in names:
        spec = cnncost.load(name)
        options = FigureOptions(weights=list_weights(spec))
        with (folder / f"{name}.svg").open("wb") as file:
            draw_figure(file, cnncost.count(spec), "svg", 85, options)


if __name__ == "__main__":
    given = [word for word in sys.argv[1:] if word != "--all"]
    chosen = tuple(bundled.list_names()) if "--all" in sys.argv else NETWORKS
    main(Path(given[0]) if given else HERE / "figures", chosen)
