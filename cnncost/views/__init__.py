"""Views: write results for people and for programs. One list of columns serves all formats."""
