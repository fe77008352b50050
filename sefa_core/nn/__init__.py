"""Torch building blocks that several families share. Functions of tensors, for use by synthesizers only."""
