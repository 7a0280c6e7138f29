"""Images: data sets, files, folders."""
