"""Write the gradient equations of a network as text, Markdown or LaTeX."""
