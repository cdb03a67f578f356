"""What holds for every unit test."""

import gc

# A sixth of the time would go into looking for garbage among what the imports made.
gc.set_threshold(50_000, 20, 100)
