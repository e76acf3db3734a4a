"""Nothing: when it has run, its interpreter has started."""


def main() -> None:
    return None
