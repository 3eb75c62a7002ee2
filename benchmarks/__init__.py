"""The figures that the documentation quotes, measured by one command on a throw-away cluster."""
