"""Autoencoders on card transactions."""
