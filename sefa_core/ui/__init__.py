"""The studio: explore, name, edit photographs and animate in a browser (`sefa ui`).

The browser keeps a visitor's state and sends it with every question; `answers.Studio` answers, and remembers nothing of
a visitor but photographs and jobs under names that nobody guesses. Only `app` knows Gradio.
"""
