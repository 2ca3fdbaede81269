"""Is the database sound: keys that hold, indexes that are whole, sequences that are ahead, rows that stayed."""
