"""One evaluator for each method of a provision, and the check it makes."""
