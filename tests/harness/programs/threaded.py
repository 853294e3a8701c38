"""A program that leaves a thread behind before the fork."""

import threading
import time


def warm() -> None:
    """Start a thread that stays."""
    threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
