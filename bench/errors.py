"""Why there is no figure."""


class NoFigure(Exception):
    """What was to be measured did not happen as it should; its words say what went wrong."""


class Missing(NoFigure):
    """A program that is needed is not installed; its words name the package."""
