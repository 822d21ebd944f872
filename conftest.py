"""What is not imported when the examples in docstrings are looked for."""

# Each of these frameworks brings its own copies of what the others bring too (threads, protocol buffers). A
# process that has loaded them all may end without a word: their tests run in processes of their own.
collect_ignore = [
    f"src/sturgeon/frameworks/{name}" for name in ("keras", "paddle", "lightning.py", "torch/lightning.py")
]
