"""One file, one source project: data, networks, model, numbers and pictures, in that order."""
