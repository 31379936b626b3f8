"""The steps of the loop, one verb a file; they read and act through ports."""
