"""The submit service: accepts jobs over HTTP and answers 202."""
