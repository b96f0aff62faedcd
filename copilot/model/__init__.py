"""The language model: its prompt, the checks of its answer, and its budget.

Only `agent`, `failures` and `prices` import a model's client library.
"""
