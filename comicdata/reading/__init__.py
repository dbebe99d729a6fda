"""Text that somebody else may have written becomes values: bounded JSON and TOML, whole numbers, checked shapes.

The rule of this room: nothing else parses JSON or TOML, and any text ends in values or in an error of this room.
"""
