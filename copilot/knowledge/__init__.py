"""What is known of Temporal in trouble: a corpus, and two sources of passages to cite."""
