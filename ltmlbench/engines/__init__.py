"""Who executes ready stages."""
