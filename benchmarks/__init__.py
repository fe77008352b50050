"""How fast is the toolkit, beside the programs that people use today? `make bench` measures it; tests never do."""
