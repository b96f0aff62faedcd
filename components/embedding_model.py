"""The embedding model, apart from the component that uses it, which imports the SDK of AWS."""

EMBEDDING_MODEL = "amazon.titan-embed-text-v2:0"
"""Its id in Bedrock."""
