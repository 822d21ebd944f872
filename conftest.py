"""What is not imported when the examples in docstrings are looked for."""

# Each of these frameworks brings its own copies of what the others bring too (threads, protocol buffers). A
# process that has loaded them all may end without a word: their tests run in processes of their own.
_IN_THEIR_OWN_PROCESS = (
    "keras_building",
    "keras_fit",
    "keras_import",
    "keras_live",
    "keras_losses",
    "keras_model",
    "keras_population",
    "keras_report",
    "keras_state",
    "lightning",
    "paddle",
    "paddle_checkpoint",
)
collect_ignore = [f"src/sturgeon/frameworks/{name}.py" for name in _IN_THEIR_OWN_PROCESS]
