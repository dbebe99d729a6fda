"""What a network is given: pairs, hints, varied lines."""
