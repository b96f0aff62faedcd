"""What is known of Temporal in trouble: a corpus of documents, one a gate."""
