"""The rules, one module a stage; each compares a reading with a limit and returns the result."""
