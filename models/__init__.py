"""The colorizers: from a manifest of pairs to pictures in colour."""
