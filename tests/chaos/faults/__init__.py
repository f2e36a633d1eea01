"""The faults of Headway's services; every module here registers its own with `trial.fault`."""
