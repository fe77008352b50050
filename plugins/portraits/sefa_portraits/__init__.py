"""Portraits whose factors are known: a renderer, a StyleGAN2 trained on it, and a predictor of the factors."""
