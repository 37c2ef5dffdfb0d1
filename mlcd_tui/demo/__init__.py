"""A simulated cluster behind a real HTTP server on loopback.

May import: domain. Never: cluster, engines: it would judge itself.
"""

import logging

# without a handler Python prints failures to the terminal, which may be the one that the screen is drawn on
logging.getLogger(__name__).addHandler(logging.NullHandler())
