"""The lanes: instant (short locks), online (no lock that stops anybody), batch (rows and Python)."""
