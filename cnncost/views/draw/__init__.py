"""Draw figures: a network's volumes in a row with their skips, or its costs as bars."""
