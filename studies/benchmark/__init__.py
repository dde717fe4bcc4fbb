"""The network benchmark: which trainings fill which table, their scores, the page made of them."""
