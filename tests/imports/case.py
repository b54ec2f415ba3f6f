"""A network with one input, built node by node."""
import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

# Version of the file format that an operator set came with.
FORMATS = {7: 3, 8: 3, 9: 4, 10: 5, 11: 6, 12: 7, 13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10,
           22: 10, 23: 11, 24: 11, 25: 11}


class Numbers:
    """Numbers of few bits, so that archives stay small and sums are exact."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)

    def any(self, *shape, scale=1.0):
        return (self.random.integers(-32, 33, shape) / 32 * scale).astype(np.float32)

    def positive(self, *shape):
        return (self.random.integers(8, 49, shape) / 32).astype(np.float32)


class Case:
    """`name` is the file's; nodes are added in order, the last one's first output is the network's."""

    def __init__(self, name, shape=(1, 3, 6, 6), opset=13, kind=TensorProto.FLOAT, seed=None):
        self.name, self.shape, self.opset, self.kind = name, shape, opset, kind
        self.numbers = Numbers(sum(map(ord, name)) if seed is None else seed)
        self.nodes, self.constants, self.last, self.more = [], [], "x", []
        self.declared, self.old_inputs = shape, False
        self.input = self.numbers.any(*[size if isinstance(size, int) else 1 for size in shape], scale=2)
        if kind in (TensorProto.UINT8, TensorProto.INT8, TensorProto.INT32, TensorProto.INT64):
            self.input = np.abs(np.round(self.input * 20)).astype(np.float32)

    def constant(self, values, kind=None, name=None):
        """Name of a new initializer."""
        values = np.asarray(values, dtype=kind or getattr(values, "dtype", np.float32))
        name = name or f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def ints(self, *values):
        return self.constant(np.array(values, dtype=np.int64))

    def node(self, operator, *inputs, outputs=1, domain="", **attributes):
        """Adds a node that reads the last value, or what is named; returns the name of its first output."""
        inputs = list(inputs) or [self.last]
        names = [f"v{len(self.nodes)}"] + [f"v{len(self.nodes)}_{index}" for index in range(1, outputs)]
        self.nodes.append(helper.make_node(operator, inputs, names, domain=domain, **attributes))
        self.last = names[0]
        return self.last

    def done(self):
        """Self, with the model."""
        inputs = [helper.make_tensor_value_info("x", self.kind, self.declared)]
        if self.old_inputs:
            inputs += [helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims) for tensor in
                       self.constants]
        outputs = [helper.make_empty_tensor_value_info(name) for name in [self.last] + self.more]
        graph = helper.make_graph(self.nodes, self.name, inputs, outputs, self.constants)
        sets = [helper.make_opsetid("", self.opset)]
        self.model = helper.make_model(graph, opset_imports=sets, ir_version=FORMATS[self.opset])
        return self
