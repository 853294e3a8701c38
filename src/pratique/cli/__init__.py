"""Argv into a flow, a result into text, JSON, SARIF or Markdown. No decisions here."""
