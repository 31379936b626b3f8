"""Second opinions: drift libraries that are run beside Holdfast's own report."""
