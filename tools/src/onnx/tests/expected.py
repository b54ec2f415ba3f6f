#!/usr/bin/env python3
"""Writes constants.json and resize.txt: what onnxruntime computes for small models, which the tests compare with.

    python3 expected.py

needs onnx, onnxruntime and numpy. Models are committed with their outputs: tests run without any of these.
"""
import json
import os

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FOLDER = os.path.dirname(os.path.abspath(__file__))
F, I, B = np.float32, np.int64, np.bool_


def session(model):
    options = onnxruntime.SessionOptions()
    # As the file says it: no rewriting that computes in another order.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def model(nodes, constants, opset, x=(1, 1), element=TensorProto.FLOAT, outputs=("y",)):
    tensors = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", element, x)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8 if opset < 19 else 10)


def constant(operator, inputs, opset=13, **attributes):
    """The sum of x and what an operator makes of constants, as a vector."""
    names = {f"c{at}": value for at, value in enumerate(inputs) if value is not None}
    reads = [f"c{at}" if value is not None else "" for at, value in enumerate(inputs)]
    nodes = [
        helper.make_node(operator, reads, ["made"], **attributes),
        helper.make_node("Cast", ["made"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["floats", "row"], ["vector"]),
        helper.make_node("Add", ["x", "vector"], ["y"]),
    ]
    probe = model(nodes[:3], {**names, "row": np.array([1, -1], I)}, opset, outputs=("vector",))
    probe.graph.output[0].CopyFrom(helper.make_tensor_value_info("vector", TensorProto.FLOAT, None))
    len_ = session(probe).run(None, {"x": np.zeros((1, 1), F)})[0].shape[1]
    return model(nodes, {**names, "row": np.array([1, -1], I)}, opset, x=(1, len_))


def constants():
    rng = np.random.default_rng(3)
    a = rng.standard_normal((2, 3)).astype(F)
    b = rng.uniform(0.5, 2, (1, 3)).astype(F)
    c = rng.standard_normal((1, 2, 4, 4)).astype(F)
    i, j = np.array([[7, -7, 5], [-4, 9, 0]], I), np.array([3, -2, 4], I)
    t = np.array([[True, False, True], [False, False, True]])
    cases = []
    for name in ["Add", "Sub", "Mul", "Div", "Pow"]:
        cases.append((name, [np.abs(a) if name == "Pow" else a, b], {}))
    for name in ["Add", "Sub", "Mul", "Div", "Mod"]:
        cases.append((name, [i, j], {}))
    cases += [("Mod", [i, j], {"fmod": 1}), ("Mod", [a, b], {"fmod": 1}), ("Pow", [i, np.array(3, I)], {})]
    for name in ["Min", "Max", "Sum", "Mean"]:
        cases.append((name, [a, b, np.array(0.25, F)], {}))
    cases += [("Min", [i, j], {}), ("Max", [i, j], {})]
    for name in ["Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual"]:
        cases.append((name, [i, np.array([5, -7, 5], I)], {}))
    cases += [("Greater", [a, b], {}), ("And", [t, t[:1]], {}), ("Or", [t, t[:1]], {}), ("Xor", [t, t[:1]], {}), ("Not", [t], {})]
    for name in ["Neg", "Abs", "Sign", "Floor", "Ceil", "Round", "Exp", "Relu", "Sigmoid", "Tanh"]:
        cases.append((name, [np.append(a, [[0.5, 1.5, -2.5]], 0).astype(F)], {}))
    for name in ["Sqrt", "Log", "Reciprocal"]:
        cases.append((name, [b], {}))
    for name in ["Neg", "Abs", "Sign"]:
        cases.append((name, [i], {}))
    cases += [("Where", [t, a, b], {}), ("Where", [t, i, np.array(1, I)], {}), ("Clip", [a, np.array(-0.5, F), np.array(0.25, F)], {})]
    cases += [("Clip", [a, None, np.array(0.25, F)], {}), ("Clip", [a], {"opset": 9, "min": -0.25, "max": 0.5})]
    for start, limit, step in [(0, 7, 2), (5, -5, -3), (3, 3, 1), (0, 10, 3)]:
        if len(range(start, limit, step)) > 0:
            cases.append(("Range", [np.array(v, I) for v in (start, limit, step)], {}))
    cases.append(("Range", [np.array(v, F) for v in (0, 1.1, 0.25)], {}))
    cases += [("Expand", [b, np.array([4, 1], I)], {}), ("Expand", [b, np.array([2, 2, 3], I)], {}), ("Tile", [a, np.array([2, 2], I)], {})]
    cases += [("Size", [c], {}), ("NonZero", [i], {}), ("NonZero", [t], {})]
    for operator in ["ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL2", "ReduceSumSquare"]:
        cases.append((operator, [a], {"axes": [0], "keepdims": 0}))
        cases.append((operator, [c, np.array([-1, 1], I)], {"opset": 18}))
    cases += [("ReduceSum", [c, np.array([2], I)], {}), ("ReduceSum", [i], {}), ("ReduceMax", [i], {"axes": [1]}), ("ReduceMean", [a], {})]
    cases += [("ReduceMean", [a], {"opset": 18, "noop_with_empty_axes": 1}), ("ReduceMean", [i], {"axes": [1]})]
    cases += [("MatMul", [a, a.T.copy()], {}), ("Concat", [a, b], {"axis": 0}), ("Concat", [a, 2 * a], {"axis": -1}), ("Concat", [c, c], {"axis": 1})]
    cases += [("Gather", [c, np.array([[1, 0], [-1, 1]], I)], {"axis": 2}), ("CastLike", [a, i], {"opset": 15}), ("CastLike", [i, a], {"opset": 15})]
    cases += [("Cast", [a * 3], {"to": TensorProto.INT64}), ("Cast", [a], {"to": TensorProto.BOOL}), ("Cast", [a], {"to": TensorProto.FLOAT16})]
    w = rng.standard_normal((3, 2, 3, 3)).astype(F)
    cases += [("Conv", [c, w, rng.standard_normal(3).astype(F)], {"pads": [1, 1, 1, 1]}), ("MaxPool", [c], {"kernel_shape": [2, 2]})]
    cases += [("AveragePool", [c], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}), ("GlobalAveragePool", [c], {})]
    cases += [("BatchNormalization", [c, *[rng.uniform(0.5, 2, 2).astype(F) for _ in range(4)]], {}), ("Pad", [c, np.array([0, 0, 1, 0, 0, 1, 0, 2], I)], {})]
    cases += [("Gemm", [b, a.T.copy()[:, :2].copy()], {}), ("Resize", [c, None, np.array([1, 1, 2, 2], F)], {})]
    for operator, inputs, attributes in cases:
        opset = attributes.pop("opset", 13)
        yield f"{operator} {opset} {attributes} of {len(inputs)}", constant(operator, inputs, opset, **attributes)


def write_constants():
    rows = []
    for name, case in constants():
        size = case.graph.input[0].type.tensor_type.shape.dim[1].dim_value
        y = session(case).run(None, {"x": np.zeros((1, size), F)})[0]
        rows.append({"name": name, "model": case.SerializeToString().hex(), "y": [float(v) for v in y.reshape(-1)]})
    with open(os.path.join(FOLDER, "constants.json"), "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
    print(len(rows), "constants")


def resized(size, opset, mode, attributes, scale=None, length=None, operator="Resize"):
    """What onnxruntime makes of 0, 1, 2, ... along the columns of a map."""
    constants = {}
    if scale is not None:
        constants["s"] = np.array([1, 1, 1, scale], F)
        reads = ["x", "s"] if opset < 11 or operator == "Upsample" else ["x", "", "s"]
    else:
        constants["n"] = np.array([1, 1, 1, length], I)
        reads = ["x", "", "", "n"]
    node = helper.make_node(operator, reads, ["y"], mode=mode, **attributes)
    made = model([node], constants, opset, x=(1, 1, 1, size))
    return session(made).run(None, {"x": np.arange(size, dtype=F).reshape(1, 1, 1, size)})[0].reshape(-1)


def write_resize():
    lines = []
    rules = [(c, r) for c in ["half_pixel", "pytorch_half_pixel", "half_pixel_symmetric", "align_corners", "asymmetric", "tf_half_pixel_for_nn"]
             for r in ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]]
    factors = [(3, F(5 / 3)), (3, F(7 / 3)), (7, F(3 / 7)), (5, F(1.3)), (4, F(2)), (6, F(0.5)), (5, F(3)), (4, F(1.2)), (10, F(0.7)), (9, F(11 / 9))]
    lens = [(3, 5), (4, 8), (7, 3), (5, 13), (13, 5), (4, 4), (1, 3), (5, 1), (2, 9)]
    for coordinates, rounding in rules:
        attributes = {"coordinate_transformation_mode": coordinates, "nearest_mode": rounding}
        for size, scale in factors:
            got = resized(size, 13, "nearest", attributes, scale=scale)
            lines.append(f"{coordinates} {rounding} {size} x{float(scale)!r}: {' '.join(str(int(v)) for v in got)}")
        for size, length in lens:
            got = resized(size, 13, "nearest", attributes, length=length)
            lines.append(f"{coordinates} {rounding} {size} {length}: {' '.join(str(int(v)) for v in got)}")
    for size, scale in factors:
        got = resized(size, 9, "nearest", {}, scale=scale, operator="Upsample") if scale >= 1 else resized(size, 10, "nearest", {}, scale=scale)
        lines.append(f"asymmetric simple {size} x{float(scale)!r}: {' '.join(str(int(v)) for v in got)}")
    for coordinates in ["half_pixel", "pytorch_half_pixel", "half_pixel_symmetric", "align_corners", "asymmetric"]:
        attributes = {"coordinate_transformation_mode": coordinates}
        for size, scale in [(3, F(5 / 3)), (4, F(2)), (5, F(3)), (4, F(1.2)), (3, F(4)), (1, F(5)), (4, F(1))]:
            got = resized(size, 13, "linear", attributes, scale=scale)
            lines.append(f"{coordinates} linear {size} x{float(scale)!r}: {' '.join(f'{v:.7g}' for v in got)}")
    with open(os.path.join(FOLDER, "resize.txt"), "w") as file:
        file.write("\n".join(lines) + "\n")
    print(len(lines), "resizes")


write_constants()
write_resize()
