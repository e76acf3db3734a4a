"""Runs in a fresh interpreter beside a repository's code; imports libraries, and nothing else of this project."""
