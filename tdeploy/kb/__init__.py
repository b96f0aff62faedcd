"""`tdeploy kb`: the corpus of the Copilot's knowledge base."""
