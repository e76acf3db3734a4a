"""Expected errors: what was expected, what was found, and the command or edit that repairs it."""


class Problem(Exception):
    """Something was found wanting; the message stands alone, without a traceback. Commands exit with 1."""

    exit_code = 1


class Misuse(Problem):
    """The command was asked for something that it cannot do. Commands exit with 2."""

    exit_code = 2


def first_few(items: list[str], limit: int = 5) -> str:
    """The first `limit` items and how many there are beyond them: "a, b and 3 more"."""
    text = ", ".join(items[:limit])
    return text if len(items) <= limit else f"{text} and {len(items) - limit} more"


def together(problems: list[Problem]) -> Problem:
    """Several problems as one, with the highest of their exit codes."""
    kind = Misuse if any(isinstance(problem, Misuse) for problem in problems) else Problem
    return kind("\nerror: ".join(map(str, problems)))
