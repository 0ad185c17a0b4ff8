"""The commands of the command line, one module per family.

Each module has `add(commands)`, which declares its commands and what they call. A command takes the
parsed arguments and returns the exit code.
"""
