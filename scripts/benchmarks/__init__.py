"""What a model costs beside its peers, measured in one run on one machine."""
