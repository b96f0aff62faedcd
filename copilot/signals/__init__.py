"""What is measured: the signal catalogue and the sources that answer it."""
