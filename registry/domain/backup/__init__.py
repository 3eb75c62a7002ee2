"""What a backup says about itself, and the pepper in it."""
