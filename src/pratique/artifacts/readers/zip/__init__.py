"""Zip as APPNOTE.TXT 6.3.10 has it, read the way every loader might, without trusting any field."""
