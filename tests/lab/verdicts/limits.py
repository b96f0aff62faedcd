"""What the tests of verdicts share."""

# Workflow starts a second: enough for every rule, and cheap beside other tests.
RATE = 2
# For a busy machine: `make bench` measures how soon a fault is detected.
WITHIN_SECONDS = 240
# Causes of a database that gets no CPU: most requests to it time out, which is rightly critical.
WITHOUT_CPU = {"persistence"}
# What the fake model says.
WORDS = "Something holds back progress."
