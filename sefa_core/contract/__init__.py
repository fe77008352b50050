"""The agreement between the core and a family: its clauses, what they are checked on, and small examples."""
