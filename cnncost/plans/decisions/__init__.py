"""What a plan decides, and cost tables of what every combination of options costs."""
