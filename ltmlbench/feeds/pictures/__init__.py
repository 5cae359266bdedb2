"""Pictures: decoded once at one size, shown in random views."""
