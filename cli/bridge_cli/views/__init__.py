"""What the API answered, as a person reads it: documents in, things to print out."""
