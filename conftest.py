"""What is not imported when the examples in docstrings are looked for."""

# PaddlePaddle ends a process that has loaded TensorFlow; its tests run in processes of their own.
collect_ignore = ["src/sturgeon/frameworks/paddle.py", "src/sturgeon/frameworks/paddle_checkpoint.py"]
