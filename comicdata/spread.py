"""Which of many are shown or measured: evenly spread over all of them, always the same ones."""


def spread(count: int, wanted: int) -> list[int]:
    """At most `wanted` indices, evenly spread over range(count)."""
    taken = min(count, wanted)
    return [index * count // taken for index in range(taken)]
