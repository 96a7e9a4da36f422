"""`python -m kling_saas_client.cli` is `kling`."""

import sys

from kling_saas_client.cli.main import main

sys.exit(main())
