"""One page for a browser: a network, or two side by side, in one file that asks for no other."""
