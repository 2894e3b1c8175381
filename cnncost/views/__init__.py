"""Views: what was counted, as people and programs read it. One list of columns drives all."""
