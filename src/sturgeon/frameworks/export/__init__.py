"""Hand a tuned network on: to Keras, TensorFlow, ONNX or PyTorch, with what it does to a raw table inside."""
