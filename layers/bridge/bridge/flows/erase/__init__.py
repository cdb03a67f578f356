"""Removing a person from everything the bridge keeps."""
