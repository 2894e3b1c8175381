"""Write the gradient equations of a network as text, Markdown or LaTeX."""

from __future__ import annotations

from cnncost.views.backward.gradient_writers import write_gradients

__all__ = ["write_gradients"]
