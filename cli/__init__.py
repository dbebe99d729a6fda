"""The command line: the only layer that prints, exits, serves, or reads the environment."""
