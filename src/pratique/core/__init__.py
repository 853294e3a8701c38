"""The words every other room speaks: frozen, standard library only, no I/O."""
