"""Building blocks that several families share: functions of torch tensors for synthesizers, some of numpy alone."""
