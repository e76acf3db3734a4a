"""A repository on every version of its libraries: throw-away environments, a table of properties, a picture."""
