"""A replay does what the function does, and no more than it must."""

import pytest
import torch

from metabench.recomputed import recomputed
from metabench.tape import Replayed, record
from metabench.tape.recorder import Recorder, UnreplayableError
from metabench.tape.shortening import shortened


def operations(function, *inputs):
    """What a replay of the function runs."""
    recorder = Recorder([*inputs])
    with recorder:
        result = function(*inputs)
    steps, _ = shortened(recorder.steps, recorder.inputs, [recorder.value(result)])
    return [str(step.function) for step in steps]


def test_a_replay_is_equal_to_the_bit_on_other_values():
    def function(x, w):
        slope = torch.func.grad(lambda w: (x @ w).tanh().square().mean())
        return {"slope": slope(w), "of slope": torch.func.grad(lambda w: slope(w).sum())(w)}

    replay = record(function, torch.randn(5, 3), torch.randn(3))
    x, w = torch.randn(5, 3), torch.randn(3)
    for name, value in function(x, w).items():
        assert torch.equal(replay(x, w)[name], value)


def test_a_view_of_a_view_is_one_view_and_a_view_back_is_none():
    x = torch.randn(4, 6)
    assert operations(lambda x: x.t()[None].transpose(1, 2).exp(), x) == [
        "aten.as_strided.default",
        "aten.exp.default",
    ]
    assert operations(lambda x: x.t().t().view(24).view(4, 6).exp(), x) == ["aten.exp.default"]


def test_an_equal_operation_is_done_once_and_a_constant_never():
    def function(x):
        ramp = torch.arange(3.0) * 2
        return x.exp() + x.exp() * ramp

    x = torch.randn(3)
    assert operations(function, x) == ["aten.exp.default", "aten.mul.Tensor", "aten.add.Tensor"]
    assert torch.equal(record(function, torch.zeros(3))(x), function(x))


def test_blank_tensors_of_one_shape_are_kept_once():
    def function(x, y):
        return x * x.new_ones(3), y * y.new_ones(3), x * y.new_ones(2, 1)

    x, y = torch.randn(3), torch.randn(3)
    replay = record(function, x, y)
    code = next(c.cell_contents for c in replay.__closure__ if hasattr(c.cell_contents, "__code__"))
    kept = [value for value in code.__globals__.values() if isinstance(value, torch.Tensor)]
    assert sorted(value.numel() for value in kept) == [2, 3]
    for mine, expected in zip(replay(x, y), function(x, y), strict=True):
        assert torch.equal(mine, expected)


def test_an_equal_operation_is_done_again_where_that_saves_the_memory_of_its_result():
    def step(theta, x):
        return {"w": theta["w"] - (x @ theta["w"]).tanh().mean()}

    def slope(taken, x):
        def end(w):
            for _ in range(4):
                w = taken({"w": w}, x)["w"]
            return w.sum()

        return lambda w: torch.func.grad(end)(w)

    x, w = torch.randn(5, 3), torch.randn(3)
    plain, again = (slope(taken, x) for taken in (step, recomputed(step, ["w"])))
    torch.testing.assert_close(record(again, w)(w), plain(w))
    assert operations(plain, w).count("aten.tanh.default") == 4
    assert operations(again, w).count("aten.tanh.default") == 7  # the last need not be kept


def test_what_nothing_needs_is_left_out():
    def function(x):
        x.sin().cos()
        return x.exp()

    assert operations(function, torch.randn(3)) == ["aten.exp.default"]


def test_changes_in_place_are_kept_in_their_order():
    def function(x):
        total = torch.zeros(2, 3)
        total[0].add_(x)
        before = total.sum()
        total[1].add_(2 * x)
        return before, total.sum(), total, 2 * total[0].exp()

    replay, x = record(function, torch.ones(3)), torch.tensor([1.0, 2.0, 3.0])
    for _ in range(2):  # what the first replay changed must not be there in the second
        for mine, expected in zip(replay(x), function(x), strict=True):
            assert torch.equal(mine, expected)


def test_an_input_may_begin_anywhere_in_its_memory():
    def function(x):
        return x[1].flip(0) + x.t()[0, 0]

    pool = torch.randn(5, 3, 4)
    replay = record(function, pool[0])
    assert torch.equal(replay(pool[3]), function(pool[3]))


def test_random_numbers_are_drawn_at_every_replay():
    replay = record(lambda x: (x + torch.rand(3), x + torch.rand(3)), torch.zeros(3))
    first, second = replay(torch.zeros(3))
    assert not torch.equal(first, second)
    assert not torch.equal(first, replay(torch.zeros(3))[0])


def test_a_function_that_reads_a_value_is_not_replayed():
    def function(x):
        return x if x.sum() > 0 else -x

    with pytest.raises(UnreplayableError):
        record(function, torch.ones(2))
    same = Replayed(function)
    for sign in (1, -1, 1, -1, -1):
        assert torch.equal(same(sign * torch.ones(2)), torch.ones(2))


def test_a_function_whose_course_changes_is_found_out_at_the_third_call():
    calls = []

    def function(x):
        calls.append(1)
        return len(calls) * x

    replayed = Replayed(function)
    x = torch.ones(2)
    values = [float(replayed(x)[0]) for _ in range(6)]
    assert len(set(values[2:])) == 4  # never the recorded one again


def test_each_shape_has_a_recording_of_its_own():
    replayed = Replayed(lambda x: x.sum() / len(x))
    for n in (2, 3) * 4:
        x = torch.arange(float(n))
        assert replayed(x) == x.mean()
