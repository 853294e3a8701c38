"""The transparency log: RFC 6962 trees kept as C2SP tiles, under signed checkpoints."""
