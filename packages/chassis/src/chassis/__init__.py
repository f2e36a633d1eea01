"""What every Headway process needs to be operated; it knows nothing of jobs."""
