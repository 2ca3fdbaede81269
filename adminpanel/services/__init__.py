"""The verbs of ``adminpanel``: each is atomic, and is told who acts and when."""
