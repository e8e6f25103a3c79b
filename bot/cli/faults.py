"""What a command says when its input is wrong."""


class UsageFault(Exception):  # noqa: N818 - it is the user's fault and not an error of ours
    """The command line, or a file or folder it names, is wrong.

    The text is a plain sentence or two with the place and the remedy; the command prints it and exits with 2.
    """
