"""From this template to a repository of one's own. It stays here: a fork inherits none of it."""
