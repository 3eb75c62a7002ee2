"""Load data of any size, entered by COPY: for benchmarks and tests."""
