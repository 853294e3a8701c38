"""One rule, one file: a card, a page and a check over one typed view."""
