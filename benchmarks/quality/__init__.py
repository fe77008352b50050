"""Which method finds the better directions? All of them, on the same codes, judged by the same predictors."""
