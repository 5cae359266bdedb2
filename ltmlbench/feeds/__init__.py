"""How samples become batches: feeds, and the thread that prepares batches ahead."""
