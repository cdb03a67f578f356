"""`bridge doctor`: the usual reasons why a fresh deployment delivers nothing, each found or ruled out."""
