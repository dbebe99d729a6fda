"""The version of what finds panels. One line: whoever changes which boxes come out, or their order, adds one.

make-pairs cuts an episode again that another version cut.
"""

SPLITTER = 3  # 1: version 0.1.0
