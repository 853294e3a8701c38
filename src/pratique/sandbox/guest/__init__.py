"""What runs inside a sandbox. Nothing outside imports this: it is started."""
