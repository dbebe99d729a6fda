"""Recipes of sources, shipped as package data."""
