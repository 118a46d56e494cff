"""The API: foundations' programs report batches and read what became of them."""
