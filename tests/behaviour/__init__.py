"""Tests of the behaviour rules: repositories that are run, and what is wrong with their mutants."""
