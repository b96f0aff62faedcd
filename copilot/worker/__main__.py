"""Entry of `python -m copilot.worker`."""

import logging
import os
import sys

from copilot.worker.main import main

code = main()
logging.shutdown()
sys.stderr.flush()
# The SDK's threads can abort a finalizing interpreter (temporalio/sdk-python issue 300), which
# would change the exit code.
os._exit(code)
