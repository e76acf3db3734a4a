"""The commands of an author: `python -m scripts.NAME --help`."""
