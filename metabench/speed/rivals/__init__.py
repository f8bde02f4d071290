"""The same meta-gradients as users of torch, higher and TorchOpt write them: no mapping, no tape.

Every function here takes a network of ``module.py`` and a ``Problem`` and returns the
meta-gradient, a tensor for each of the network's parameters, averaged over the tasks.
"""
