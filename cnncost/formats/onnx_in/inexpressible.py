"""What is raised inside the importer where the language has no words for a step."""


class OnnxInexpressible(Exception):
    """A step that the language has no words for; the text says why."""
