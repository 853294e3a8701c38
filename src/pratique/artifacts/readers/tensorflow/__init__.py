"""TensorFlow's formats: graphs, checkpoints, TensorFlow Lite, TensorFlow.js."""
