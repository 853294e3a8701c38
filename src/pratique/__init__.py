"""Take in third-party AI models without trusting them."""

__all__ = ["__version__"]
__version__ = "0.1.0.dev0"
