"""How a model is trained: batches, epochs, schedules, optimizers and seeds, on any backend."""
