"""Random networks: layers, branches and joins of the operators that importers know, with random attributes."""
import random

import numpy as np

from case import Case

ACTIVATIONS = 3


def cases(count, seed):
    for index in range(count):
        yield Network(f"random_{seed}_{index}", random.Random(f"{seed}/{index}")).case


class Network:
    """Maps of (channels, height, width), then perhaps a row of numbers."""

    def __init__(self, name, choice):
        self.choice = choice
        self.shape = [choice.choice((1, 3, 4)), choice.randint(5, 11), choice.randint(5, 11)]
        self.case = Case(name, (1, *self.shape), choice.choice((9, 11, 13, 15, 17)), seed=choice.randrange(1 << 30))
        self.held = []
        for _ in range(choice.randint(2, 9)):
            choice.choice(self.steps())()
        if choice.random() < 0.5:
            self.head()
        if not self.case.nodes:
            self.relu()
        self.case.done()

    def steps(self):
        """What can come next; what is likely in a network comes more often."""
        steps = [self.convolution] * 4 + [self.relu] * ACTIVATIONS + [self.norm, self.clip, self.constant, self.scale,
                                                                     self.hold, self.pad, self.upsample]
        if min(self.shape[1:]) > 2:
            steps += [self.pool] * 2 + [self.slice]
            if self.case.opset > 9:
                steps += [self.flip, self.pick, self.mirror, self.resize, self.map, self.reduce]
        if any(shape == self.shape for _, shape in self.held):
            steps += [self.add] * 4
        if any(shape[1:] == self.shape[1:] for _, shape in self.held):
            steps += [self.concat] * 2
        return steps

    def weights(self, *shape):
        fan = max(1, int(np.prod(shape[1:])))
        return self.case.constant(self.case.numbers.any(*shape, scale=2.0 ** -round(np.log2(fan) / 2)))

    def convolution(self):
        channels, height, width = self.shape
        groups = self.choice.choice([1, 1, 1, channels] + [2] * (channels % 2 == 0))
        outputs = groups * self.choice.randint(1, max(1, 6 // groups))
        kernel = [self.choice.randint(1, min(4, side)) for side in (height, width)]
        pads = [self.choice.randint(0, size - 1) for size in kernel * 2]
        strides = [self.choice.choice((1, 1, 2)) for _ in kernel]
        dilations = [self.choice.choice((1, 1, 2)) for _ in kernel]
        sides = [self.side(side, *of) for side, of in zip((height, width), zip(kernel, pads, pads[2:], strides, dilations))]
        if min(sides) < 1:
            return
        inputs = [self.case.last, self.weights(outputs, channels // groups, *kernel)]
        inputs += [self.weights(outputs)] if self.choice.random() < 0.7 else []
        self.case.node("Conv", *inputs, group=groups, pads=pads, strides=strides, dilations=dilations)
        self.shape = [outputs, *sides]

    @staticmethod
    def side(size, kernel, before, after, stride, dilation=1):
        return (size + before + after - dilation * (kernel - 1) - 1) // stride + 1

    def relu(self):
        self.case.node("Relu")

    def clip(self):
        top = self.choice.choice((1.0, 2.0, 6.0))
        if self.case.opset < 11:
            self.case.node("Clip", min=0.0, max=top)
        else:
            self.case.node("Clip", self.case.last, *[self.case.constant(np.float32(value)) for value in (0, top)])

    def norm(self):
        channels, numbers = self.shape[0], self.case.numbers
        parts = [numbers.positive(channels), numbers.any(channels), numbers.any(channels), numbers.positive(channels)]
        self.case.node("BatchNormalization", self.case.last, *[self.case.constant(part) for part in parts])

    def constant(self):
        shape = self.choice.choice([(self.shape[0], 1, 1), (), (1, self.shape[0], 1, 1)])
        pair = [self.case.last, self.weights(*shape)]
        self.choice.shuffle(pair)
        self.case.node(self.choice.choice(("Add", "Sub")), *pair)

    def scale(self):
        values = self.case.numbers.positive(*self.choice.choice([(self.shape[0], 1, 1), ()]))
        self.case.node(self.choice.choice(("Mul", "Div")), self.case.last, self.case.constant(values))

    def hold(self):
        self.held.append((self.case.last, list(self.shape)))

    def add(self):
        other = self.choice.choice([name for name, shape in self.held if shape == self.shape])
        self.case.node(self.choice.choice(("Add", "Sub", "Sum")) if self.choice.random() < .8 else "Add", self.case.last, other)

    def concat(self):
        other, shape = self.choice.choice([held for held in self.held if held[1][1:] == self.shape[1:]])
        self.case.node("Concat", self.case.last, other, axis=self.choice.choice((1, -3)))
        self.shape = [self.shape[0] + shape[0], *self.shape[1:]]

    def pad(self):
        pads = [self.choice.randint(0, 2) for _ in range(4)]
        amounts = [0, 0, *pads[:2], 0, 0, *pads[2:]]
        if self.case.opset < 11:
            self.case.node("Pad", mode="constant", pads=amounts)
        else:
            self.case.node("Pad", self.case.last, self.case.ints(*amounts))
        self.shape = [self.shape[0], self.shape[1] + pads[0] + pads[2], self.shape[2] + pads[1] + pads[3]]

    def pool(self):
        kernel = [self.choice.randint(1, 3) for _ in range(2)]
        pads = [self.choice.randint(0, size - 1) for size in kernel * 2]
        strides = [self.choice.randint(1, size) for size in kernel]
        attributes = {"kernel_shape": kernel, "pads": pads, "strides": strides}
        if self.choice.random() < 0.5:
            self.case.node("MaxPool", **attributes)
        else:
            self.case.node("AveragePool", count_include_pad=self.choice.randint(0, 1), **attributes)
        sides = zip(self.shape[1:], kernel, pads, pads[2:], strides)
        self.shape = [self.shape[0], *[self.side(*side) for side in sides]]

    def slice(self):
        axis = self.choice.randint(2, 3)
        size = self.shape[axis - 1]
        start = self.choice.randint(0, size - 2)
        end = self.choice.randint(start + 1, size)
        if self.case.opset < 10:
            self.case.node("Slice", axes=[axis], starts=[start], ends=[end])
        else:
            self.case.node("Slice", self.case.last, *[self.case.ints(value) for value in (start, end, axis)])
        self.shape[axis - 1] = end - start

    def upsample(self):
        if self.shape[1] * self.shape[2] > 80:
            return
        mode = self.choice.choice(("nearest", "linear"))
        factors = self.case.constant(np.array([1, 1, 2, 2], dtype=np.float32))
        if self.case.opset < 10:
            self.case.node("Upsample", self.case.last, factors, mode=mode)
        elif self.case.opset < 11:
            self.case.node("Resize", self.case.last, factors, mode=mode)
        else:
            how = self.choice.choice(("half_pixel", "asymmetric"))
            region = self.case.constant(np.zeros(0, dtype=np.float32))
            self.case.node("Resize", self.case.last, region, factors, mode=mode, coordinate_transformation_mode=how)
        self.shape = [self.shape[0], self.shape[1] * 2, self.shape[2] * 2]
        self.relu()

    def flip(self):
        axis = self.choice.randint(1, 3)
        parts = [self.case.ints(value) for value in (-1, -(2**31), axis, -1)]
        self.case.node("Slice", self.case.last, *parts)

    def pick(self):
        axis = self.choice.randint(1, 3)
        size = self.shape[axis - 1]
        places = [self.choice.randint(-size, size - 1) for _ in range(self.choice.randint(1, size + 1))]
        self.case.node("Gather", self.case.last, self.case.ints(*places), axis=axis)
        self.shape[axis - 1] = len(places)

    def mirror(self):
        pads = [self.choice.randint(0, 2) for _ in range(4)]
        amounts = [0, 0, *pads[:2], 0, 0, *pads[2:]]
        mode = self.choice.choice(("reflect", "edge"))
        if self.case.opset < 11:
            self.case.node("Pad", mode=mode, pads=amounts)
        else:
            self.case.node("Pad", self.case.last, self.case.ints(*amounts), mode=mode)
        self.shape = [self.shape[0], self.shape[1] + pads[0] + pads[2], self.shape[2] + pads[1] + pads[3]]

    def resize(self):
        if self.case.opset < 11:
            return
        sides = [self.choice.randint(1, 12) for _ in range(2)]
        none = self.case.constant(np.zeros(0, dtype=np.float32))
        how = self.choice.choice(("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"))
        self.case.node("Resize", self.case.last, none, none, self.case.ints(1, self.shape[0], *sides),
                       mode=self.choice.choice(("nearest", "linear", "cubic")), coordinate_transformation_mode=how,
                       nearest_mode=self.choice.choice(("floor", "round_prefer_floor", "ceil")))
        self.shape = [self.shape[0], *sides]
        self.relu()

    def map(self):
        channels, height, width = self.shape
        shape = self.choice.choice([(width,), (height, 1), (height, width), (channels, height, width)])
        self.case.node(self.choice.choice(("Add", "Sub", "Mul")), self.case.last, self.case.constant(self.case.numbers.any(*shape)))

    def reduce(self):
        axis = self.choice.randint(1, 3)
        self.case.node("ReduceMean", axes=[axis], keepdims=1)
        self.shape[axis - 1] = 1

    def head(self):
        if self.choice.random() < 0.6:
            self.case.node("GlobalAveragePool")
            self.shape = [self.shape[0], 1, 1]
        self.case.node("Flatten")
        numbers = int(np.prod(self.shape))
        self.case.node("Gemm", self.case.last, self.weights(numbers, 5), self.weights(5))
        if self.choice.random() < 0.3:
            self.case.node("Relu")
            self.case.node("Gemm", self.case.last, self.weights(4, 5), self.weights(4), transB=1)
