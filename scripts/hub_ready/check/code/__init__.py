"""Rules about the code of a repository, which is read and never run."""
