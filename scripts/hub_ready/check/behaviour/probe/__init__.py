"""Runs in a fresh interpreter beside the repository's code; imports the libraries, and nothing else of this project."""
