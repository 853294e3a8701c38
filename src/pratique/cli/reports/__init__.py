"""One account, told in four ways: text for a person, JSON, SARIF, Markdown."""
