"""The network benchmark: which trainings fill which table, their scores, and the page made of them."""
