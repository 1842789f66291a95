"""``python -m nodalroom`` is the command ``nodalroom``."""

from .cli import main

main()
