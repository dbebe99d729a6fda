"""comicdata: from webtoons to trained colorizers."""

__version__ = "0.1.0"
