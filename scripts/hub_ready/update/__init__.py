"""Newer tooling from the template that this repository was made from: a three-way merge, file by file."""
