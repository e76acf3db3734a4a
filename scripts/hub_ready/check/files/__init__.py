"""Rules about the files of a repository: what is there, and whether it agrees."""
