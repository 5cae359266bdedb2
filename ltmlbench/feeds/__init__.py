"""How samples become batches: feeds, and the threads that prepare batches ahead."""
