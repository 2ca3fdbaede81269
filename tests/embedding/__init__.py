"""Projects that embed the wheel, made from the guide and run in a virtual environment of their own."""
