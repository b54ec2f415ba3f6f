"""Operators that read along axes, reduce them or compute with constants: one network a combination of attributes."""
import itertools

import numpy as np
from onnx import TensorProto

from case import Case


def cases():
    for make in (interpolations, nearest, continued, selections, operands, reductions, quantised, floats):
        yield from make()


def then(case):
    """A convolution after a resize, so that it is not the last operator."""
    case.node("Conv", case.last, case.constant(case.numbers.any(1, case.shape[1], 1, 1)))
    return case.done()


COORDINATES = ("half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel", "half_pixel_symmetric")


def interpolations():
    factors = ([2, 2], [1.25, 3], [2.5, 0.75], [0.6, 0.5], [1 / 3, 4 / 3])
    for mode, coordinates, scales in itertools.product(("linear", "cubic"), COORDINATES, factors):
        name = "_".join(f"{scale:.2f}" for scale in scales)
        case = Case(f"axes_{mode}_{coordinates}_{name}", (1, 2, 6, 4), 19)
        case.node("Resize", "x", "", case.constant(np.array([1, 1, *scales], dtype=np.float32)), mode=mode,
                  coordinate_transformation_mode=coordinates)
        yield then(case)
    for mode, coordinates, sizes in itertools.product(("linear", "cubic"), COORDINATES, ([1, 9], [11, 5], [4, 1])):
        case = Case(f"axes_{mode}_{coordinates}_to_{sizes[0]}_{sizes[1]}", (1, 1, 5, 4), 19)
        case.node("Resize", "x", "", "", case.ints(1, 1, *sizes), mode=mode, coordinate_transformation_mode=coordinates)
        yield then(case)
    for opset, mode in itertools.product((11, 13, 18), ("linear", "cubic")):
        case = Case(f"axes_sizes_{opset}_{mode}", (1, 1, 4, 5), opset)
        region = case.constant(np.array([], dtype=np.float32)) if opset < 13 else ""
        scales = case.constant(np.array([], dtype=np.float32)) if opset < 13 else ""
        case.node("Resize", "x", region, scales, case.ints(1, 1, 7, 3), mode=mode)
        yield then(case)
    for policy, sizes, mode in itertools.product(("not_larger", "not_smaller"), ([9, 7], [3, 8], [10, 10]),
                                                 ("nearest", "linear")):
        case = Case(f"axes_{policy}_{sizes[0]}_{sizes[1]}_{mode}", (1, 2, 4, 5), 18)
        case.node("Resize", "x", "", "", case.ints(*sizes), mode=mode, axes=[2, 3], keep_aspect_ratio_policy=policy)
        yield then(case)
    for coefficient in (-0.5, -0.75, -1.0):
        case = Case(f"axes_cubic_coefficient_{-coefficient}", (1, 1, 4, 4), 13)
        case.node("Resize", "x", "", "", case.ints(1, 1, 10, 6), mode="cubic", cubic_coeff_a=coefficient)
        yield then(case)
    case = Case("axes_linear_line", (1, 1, 1, 7), 13)
    case.node("Resize", "x", "", "", case.ints(1, 1, 1, 11), mode="linear")
    yield then(case)
    case = Case("axes_linear_row", (1, 1, 1, 6), 13)
    case.node("Resize", "x", "", "", case.ints(1, 1, 3, 9), mode="linear")
    yield then(case)


def nearest():
    roundings = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
    for coordinates, rounding, sizes in itertools.product(
        COORDINATES + ("tf_half_pixel_for_nn",), roundings, ([7, 9], [13, 3], [4, 12])
    ):
        if coordinates == "tf_half_pixel_for_nn" and rounding in ("round_prefer_ceil", "ceil"):
            continue
        case = Case(f"axes_nearest_{coordinates}_{rounding}_{sizes[0]}_{sizes[1]}", (1, 1, 4, 5), 19)
        case.node("Resize", "x", "", "", case.ints(1, 1, *sizes), mode="nearest", nearest_mode=rounding,
                  coordinate_transformation_mode=coordinates)
        yield then(case)
    for scales in ([1, 1, 1.4, 2.6], [1, 1, 0.7, 3], [1, 1, 1, 0.3]):
        case = Case(f"axes_upsample_{scales[2]}_{scales[3]}", (1, 2, 5, 7), 9)
        case.node("Upsample", "x", case.constant(np.array(scales, dtype=np.float32)), mode="nearest")
        yield then(case)


def continued():
    amounts = ([0, 0, 3, 0, 0, 0, 2, 0], [0, 0, 0, 4, 0, 0, 0, 1], [0, 0, 2, 3, 0, 0, 4, 2], [0, 1, 1, 0, 0, 2, 0, 1],
               [0, 0, -1, 2, 0, 0, -2, 3])
    for mode, pads in itertools.product(("constant", "reflect", "edge", "wrap"), amounts):
        case = Case(f"axes_pad_{mode}_{'_'.join(map(str, pads)).replace('-', 'm')}", (1, 3, 5, 6), 19)
        case.node("Pad", "x", case.ints(*pads), *([case.constant(np.float32(0.75))] if mode == "constant" else []),
                  mode=mode)
        yield case.done()
        case = Case(f"axes_pad_{mode}_{'_'.join(map(str, pads)).replace('-', 'm')}_conv", (1, 3, 5, 6), 19)
        case.node("Pad", "x", case.ints(*pads), mode=mode)
        if pads[2] >= 0:
            case.node("Conv", case.last, case.constant(case.numbers.any(2, 3 + pads[1] + pads[5], 3, 3)))
        yield case.done()


def selections():
    for indices, axis in (([2, 0, 1], 1), ([1, 1, 0], 1), ([4, 2, 0, 5], 2), ([3, 3, 0], 3),
                          ([-1, -3, -2], 2), ([0, 1, 2, 2, 1, 0], 3)):
        case = Case(f"axes_gather_{str(indices).replace(' ', '').replace('-', 'm')}_{axis}", (1, 3, 6, 6))
        case.node("Gather", "x", case.constant(np.array(indices, dtype=np.int64)), axis=axis)
        yield case.done()
    case = Case("axes_gather_table", (1, 6))
    case.node("Gather", "x", case.constant(np.array([[0, 3], [5, 1]], dtype=np.int64)), axis=1)
    yield case.done()
    case = Case("axes_gather_row", (1, 3, 4, 5))
    case.node("Gather", "x", case.constant(np.int64(2)), axis=2)
    yield case.done()
    case = Case("axes_gather_element", (1, 8))
    case.node("Gather", "x", case.ints(7, 0, 3, 3), axis=1)
    yield case.done()
    for name, indices, batch in (("channels", [[[2], [0], [1], [1]]], 1),
                                 ("rows_all", [[[[c, r] for r in (3, 0, 4)] for c in (1, 0)]], 1),
                                 ("first", [[[0, c] for c in (2, 0)]], 0), ("mixed", [[[0, 1], [1, 0]]], 1)):
        case = Case(f"axes_gather_nd_{name}", (1, 3, 6, 6))
        case.node("GatherND", "x", case.constant(np.array(indices, dtype=np.int64)), batch_dims=batch)
        yield case.done()
    for name, shape, order in (("map", (6, 6), "xc"), ("channel", (3, 1, 1), "cx"), ("full", (3, 6, 6), "xy"), ("row", (6,), "xv")):
        case = Case(f"axes_where_{name}", (1, 3, 6, 6))
        condition = case.constant(case.numbers.random.integers(0, 2, shape).astype(bool))
        inputs = {"x": "x", "c": case.constant(np.float32(0.75)), "y": None, "v": case.constant(case.numbers.any(3, 6, 6))}
        if "y" in order:
            inputs["y"] = case.node("Neg", "x")
        case.node("Where", condition, *[inputs[letter] for letter in order])
        yield case.done()
    for repeats in ([1, 2, 1, 1], [1, 1, 3, 1], [1, 1, 1, 2], [1, 2, 2, 3]):
        case = Case(f"axes_tile_{''.join(map(str, repeats))}", (1, 2, 3, 3))
        case.node("Tile", "x", case.ints(*repeats))
        yield case.done()
    case = Case("axes_tile_single", (1, 2, 1, 1))
    case.node("Tile", "x", case.ints(1, 1, 3, 2))
    yield case.done()
    for name, shape, target in (("raised", (1, 4), (1, 3, 4)), ("lower", (1, 3, 1, 2), (3, 4, 2)), ("all", (1, 1, 1, 1), (1, 2, 3, 4))):
        case = Case(f"axes_expand_{name}", shape)
        case.node("Expand", "x", case.ints(*target))
        yield case.done()
    for axis, starts, ends in ((1, -1, -9), (2, -1, -9), (3, -1, -9)):
        case = Case(f"axes_flip_{axis}", (1, 3, 4, 5))
        case.node("Slice", "x", case.ints(starts), case.ints(ends), case.ints(axis), case.ints(-1))
        case.node("Conv", case.last, case.constant(case.numbers.any(2, 3, 2, 2)), group=1)
        yield case.done()
    for axis in (2, 3):
        case = Case(f"axes_concat_{axis}", (1, 2, 4, 4))
        other = case.node("Slice", "x", case.ints(1), case.ints(4), case.ints(axis), case.ints(2))
        constant = case.constant(case.numbers.any(1, 2, *((1, 4) if axis == 2 else (4, 1))))
        case.node("Concat", "x", other, constant, axis=axis)
        yield case.done()
    case = Case("axes_concat_vector", (1, 6))
    case.node("Concat", "x", case.constant(case.numbers.any(1, 3)), "x", axis=-1)
    yield case.done()


def operands():
    shapes = ((), (1, 1, 1, 1), (1, 1, 1, 1, 1), (5,), (4, 1), (4, 5), (3, 1, 1), (3, 4, 1), (3, 1, 5), (3, 4, 5),
              (1, 3, 4, 5))
    operators = ("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean")
    for operator, shape, first in itertools.product(operators, shapes, (0, 1)):
        if operator == "Div" and first or len(shape) == 5:
            continue
        case = Case(f"axes_{operator.lower()}_{'x'.join(map(str, shape))}_{first}", (1, 3, 4, 5))
        values = case.numbers.positive(*shape) if operator == "Div" else case.numbers.any(*shape)
        other = case.constant(values)
        case.node(operator, *((other, "x") if first else ("x", other)))
        yield case.done()
    for operator, shape, other in itertools.product(("Add", "Mul"), ((1, 3, 1, 1), (1, 1, 1, 5), (1, 1, 4, 1)), ((4, 5), (3, 4, 5))):
        case = Case(f"axes_{operator.lower()}_grown_{'x'.join(map(str, shape))}_{len(other)}", shape)
        case.node(operator, "x", case.constant(case.numbers.any(*other)))
        yield case.done()
    case = Case("axes_add_raised", (1, 5))
    case.node("Add", "x", case.constant(case.numbers.any(1, 4, 5)))
    yield case.done()
    case = Case("axes_normalised", (1, 3, 6, 6))
    case.node("Sub", "x", case.constant(case.numbers.any(3, 6, 6)))
    case.node("Div", case.last, case.constant(case.numbers.positive(3, 1, 1)))
    case.node("Conv", case.last, case.constant(case.numbers.any(2, 3, 3, 3)))
    case.node("Mul", case.last, case.constant(case.numbers.any(4, 4)))
    case.node("Neg")
    yield case.done()


def reductions():
    operators = {"ReduceMean": 18, "ReduceSum": 13, "ReduceMax": 18, "ReduceMin": 18}
    shapes = {(1, 3, 4, 5): ([1], [2], [3], [2, 3], [1, 2], [1, 3], [-1, 1, 2], [0, 2]), (1, 3, 5): ([1], [2], [1, 2]),
              (1, 6): ([1],)}
    for (operator, since), (shape, sets), keep, opset in itertools.product(operators.items(), shapes.items(), (0, 1), (12, 18)):
        for axes in sets:
            name = f"{operator[6:].lower()}_{len(shape)}_{'_'.join(map(str, axes)).replace('-', 'm')}_{keep}_{opset}"
            case = Case(f"axes_reduce_{name}", shape, opset)
            if len(shape) == 3:
                case = Case(f"axes_reduce_{name}", (*shape, 1), opset)
                case.node("Reshape", "x", case.ints(*shape))
            if opset < since:
                case.node(operator, axes=axes, keepdims=keep)
            else:
                case.node(operator, case.last, case.ints(*axes), keepdims=keep)
            yield case.done()
    for operator, noop in itertools.product(operators, (0, 1)):
        case = Case(f"axes_reduce_{operator[6:].lower()}_all_{noop}", (1, 3, 4, 5), 18)
        case.node(operator, noop_with_empty_axes=noop)
        yield case.done()
    case = Case("axes_reduce_sum_then_div", (1, 4, 3, 3), 13)
    case.node("Conv", "x", case.constant(case.numbers.any(4, 4, 1, 1)))
    case.node("ReduceSum", case.last, case.ints(2, 3), keepdims=0)
    case.node("Div", case.last, case.constant(np.float32(9)))
    case.node("Gemm", case.last, case.constant(case.numbers.any(4, 2)))
    yield case.done()
    for size, bins in (((7, 5), (3, 2)), ((6, 10), (4, 3))):
        yield adaptive(size, bins)


def adaptive(size, bins):
    """Means of uneven windows, as exporters write adaptive pooling: slices, means and joins."""
    case = Case(f"axes_adaptive_{size[0]}_{size[1]}_{bins[0]}_{bins[1]}", (1, 2, *size))
    value = "x"
    for axis in (0, 1):
        parts = []
        for index in range(bins[axis]):
            first, last = index * size[axis] // bins[axis], -((index + 1) * -size[axis] // bins[axis])
            part = case.node("Slice", value, case.ints(first), case.ints(last), case.ints(2 + axis))
            parts.append(case.node("ReduceMean", part, axes=[2 + axis], keepdims=1))
        value = case.node("Concat", *parts, axis=2 + axis)
    return case.done()


def steps(case, value, scale, zero, kind):
    """`value` in steps that it already has, so that nothing is rounded."""
    step, middle = case.constant(np.float32(scale)), case.constant(kind(zero))
    return case.node("DequantizeLinear", case.node("QuantizeLinear", value, step, middle), step, middle)


def quantised():
    for kind, zero in ((np.uint8, 128), (np.int8, 0), (np.uint8, 100), (np.int8, -20)):
        for each in (False, True):
            case = Case(f"axes_qdq_{kind.__name__}_{zero if zero >= 0 else f'm{-zero}'}_{int(each)}", (1, 3, 5, 5), 13)
            value = steps(case, "x", 1 / 16, zero, kind)
            weights = case.constant(case.numbers.random.integers(-20, 21, (4, 3, 3, 3)).astype(np.int8))
            scale = np.float32([1 / 16, 1 / 32, 1 / 8, 1 / 4]) if each else np.float32(1 / 16)
            middle = np.zeros(4, np.int8) if each else np.int8(1)
            weights = case.node("DequantizeLinear", weights, case.constant(scale), case.constant(middle), axis=0)
            bias = case.constant(case.numbers.random.integers(-500, 501, 4).astype(np.int32))
            bias = case.node("DequantizeLinear", bias, case.constant(scale / 16), **({"axis": 0} if each else {}))
            case.node("Conv", value, weights, bias, pads=[1, 1, 1, 1])
            case.node("Relu")
            yield case.done()
    for kind, zero, operator in ((np.uint8, 0, None), (np.int8, -128, None), (np.uint8, 0, "Relu"), (np.uint8, 255, None)):
        case = Case(f"axes_qdq_cut_{kind.__name__}_{operator}_{abs(zero)}", (1, 3, 4, 4), 13)
        value = case.node(operator, "x") if operator else "x"
        value = steps(case, value, 1 / 16, zero, kind)
        case.node("MaxPool", value, kernel_shape=[2, 2])
        steps(case, case.last, 1 / 16, zero, kind)
        yield case.done()
    case = Case("axes_qdq_fake_weights", (1, 3, 4, 4), 13)
    scale, middle = case.constant(np.float32([1 / 50, 1 / 7, 1 / 33])), case.constant(np.zeros(3, np.int8))
    weights = case.node("QuantizeLinear", case.constant(case.numbers.any(3, 3, 2, 2, scale=3)), scale, middle, axis=0)
    case.node("Conv", "x", case.node("DequantizeLinear", weights, scale, middle, axis=0))
    yield case.done()
    case = Case("axes_qdq_default", (1, 3, 4, 4), 13)
    scale = case.constant(np.float32(1 / 16))
    case.node("Relu")
    case.node("DequantizeLinear", case.node("QuantizeLinear", case.last, scale), scale)
    case.node("Neg")
    yield case.done()
    case = Case("axes_qdq_bytes", (1, 3, 4, 4), 13, TensorProto.UINT8)
    case.node("DequantizeLinear", "x", case.constant(np.float32(1 / 64)), case.constant(np.uint8(7)))
    case.node("Conv", case.last, case.constant(case.numbers.any(2, 3, 1, 1)))
    yield case.done()
    case = Case("axes_qdq_other_steps", (1, 3, 4, 4), 13)
    case.node("QuantizeLinear", "x", case.constant(np.float32(1 / 16)), case.constant(np.uint8(128)))
    case.node("DequantizeLinear", case.last, case.constant(np.float32(1 / 8)), case.constant(np.uint8(128)))
    yield case.done()


def floats():
    case = Case("axes_double", (1, 6), 13, TensorProto.DOUBLE)
    case.node("MatMul", "x", case.constant(case.numbers.any(6, 4).astype(np.float64)))
    case.node("Add", case.last, case.constant(case.numbers.any(4).astype(np.float64)))
    yield case.done()
    for name in ("Softplus", "Sin", "Cos"):
        case = Case(f"axes_fold_{name.lower()}", (1, 3, 2, 2))
        case.node("Mul", "x", case.node(name, case.constant(case.numbers.any(3, 1, 1, scale=3))))
        yield case.done()
