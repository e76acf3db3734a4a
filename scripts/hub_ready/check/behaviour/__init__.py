"""Rules that run the model, each in an interpreter that is not this one."""
