"""What does a user see at the end? An HTML page of edits and contact sheets beside it.

`builder.ReportBuilder` takes pictures one after another and writes both; `data` holds the facts it prints;
`sheets` draws strips and sheets for anyone. Importing this package alone loads nothing.
"""
