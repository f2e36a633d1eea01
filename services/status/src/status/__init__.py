"""The status service: reads jobs and follows them over HTTP; it writes nothing."""
