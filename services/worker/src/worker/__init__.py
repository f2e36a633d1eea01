"""The worker service: answers doorbells, runs jobs and settles them."""
