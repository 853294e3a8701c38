"""Reads HDF5 files: structures, links, attributes, chunks and what lies outside of the file."""
