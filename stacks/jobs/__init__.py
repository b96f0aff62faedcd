"""Programs that one-shot jobs run: single files without packages, copied into a plain Python."""
