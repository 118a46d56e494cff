"""Benchmarks: speeds as ratios to a floor measured in the same run. Run with `make bench`."""
