"""What several tests need: servers, databases, loud skips."""
