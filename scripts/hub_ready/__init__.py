"""The library behind the commands: from any architecture to a repository that loads. It knows no model by name."""
