"""The whole of Headway on one machine: `python -m local`."""
