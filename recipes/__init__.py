"""Experiments, one per source project: data, model, numbers and pictures, in that order.

A recipe is a file, or a folder whose `recipe.py` holds the method and whose other files hold its
pictures, tables and notes. What all of them share is in `recipes.common`.
"""
