"""A function of tensors, recorded once as a flat list of operations, a tape, and replayed.

A meta-gradient passes each operation through layers of ``torch.func`` and autograd, which for
small networks takes many times longer than the operation. But the operations are the same at every
iteration. A tape is what a function did once, below all those layers; it is shortened by what need
not be done again, written down as one Python function, and replayed with results that are equal to
the bit.

Recording needs the same shapes and strides at every call, and a function whose course does not
depend on the values of its inputs. What is no input and was not computed from one is a constant.
"""

from metabench.tape.replay import Replayed, record

__all__ = ["Replayed", "record"]
