"""Rows to look at: the same for everybody, around the day on which they are loaded.

``places`` and ``people`` stand by themselves, ``events`` on them, ``money`` and ``loyalty`` on the events;
``staff`` makes the accounts; ``load`` puts everything into an empty database.
"""

from adminpanel.demo.load import load_demo
from adminpanel.demo.staff import DEMO_EMAIL, DEMO_PASSWORD

__all__ = ["DEMO_EMAIL", "DEMO_PASSWORD", "load_demo"]
