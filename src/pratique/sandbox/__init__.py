"""Hold whoever parses hostile bytes: jailed workers and the proof that they are held."""
