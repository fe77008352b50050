"""Residual generators: a dense layer makes the first features, residual blocks double them, class and z steer norms.

SNGAN, SAGAN, BigGAN and BigGAN-deep are all of this kind, and differ in numbers. A family brings tables of names and
the few settings that shapes do not tell; what is here does the rest. Our names of the tensors, for block `i`, norm and
convolution `j`:

    embedding.weight                      (classes, e)      absent where the label is used one-hot, or there is none
    dense.weight, dense.bias              (C side side, columns), channels first
    block.i.norm.j.mean, .var             (C,), or (stats, C) with one row for each truncation
    block.i.norm.j.gain.weight, .bias.weight   (C, columns): 1 + gain and bias of a conditional norm
    block.i.norm.j.scale, .shift          (C,): those of one that sees no condition
    block.i.conv.j.weight, .bias          (out, in, k, k), behind norm `j` and a ReLU
    block.i.shortcut.weight, .bias        (out, in, 1, 1); without it the first `out` channels are kept
    attention.i.query/key/value/out.weight, attention.i.gain      stands before block `i`
    last.mean, .var, .scale, .shift, rgb.weight, rgb.bias

Columns are the class first (embedded or one-hot), then z or a chunk of it. Spectral normalisation is done with. `plan`
and `reading` need no torch.
"""
