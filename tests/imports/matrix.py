"""The matrix: one network a combination of operator, attributes, operator set and type."""
import itertools

import numpy as np
from onnx import TensorProto, helper, numpy_helper

import axes
import smooth
from case import Case

# How names of cases begin that have to be refused if onnxruntime refuses them.
FAULT = "fault_"


def cases():
    for make in (convolutions, transposed_convolutions, sequences, channels_last, permutations, products, norms, activations, pooling,
                 arithmetic, shapes, slices, pads, resizes, folding, types, ends, faults, versions, axes.cases, smooth.cases):
        yield from make()


def flags(options):
    """All combinations of a dictionary of lists, with a name each."""
    for values in itertools.product(*options.values()):
        chosen = dict(zip(options, values))
        yield "_".join(str(value).replace(" ", "") for value in values), chosen


def convolutions():
    settings = [
        ("plain", (3, 3), {}), ("pads", (3, 3), {"pads": [1, 1, 1, 1]}), ("uneven", (3, 3), {"pads": [0, 1, 2, 1]}),
        ("stride", (3, 3), {"strides": [2, 2], "pads": [1, 1, 1, 1]}), ("strides", (3, 2), {"strides": [2, 1]}),
        ("dilated", (3, 3), {"dilations": [2, 2], "pads": [2, 2, 2, 2]}), ("wide", (1, 5), {"pads": [0, 2, 0, 2]}),
        ("dilations", (2, 3), {"dilations": [3, 1]}), ("point", (1, 1), {}), ("skip", (1, 1), {"strides": [2, 3]}),
        ("upper", (3, 3), {"auto_pad": "SAME_UPPER"}), ("lower", (3, 3), {"auto_pad": "SAME_LOWER"}),
        ("upper2", (3, 3), {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
        ("lower2", (2, 2), {"auto_pad": "SAME_LOWER", "strides": [2, 2]}),
        ("lower4", (4, 4), {"auto_pad": "SAME_LOWER"}), ("upper4", (4, 2), {"auto_pad": "SAME_UPPER"}),
        ("valid", (3, 3), {"auto_pad": "VALID", "strides": [2, 2]}), ("notset", (2, 2), {"auto_pad": "NOTSET"}),
        ("shape", (3, 3), {"kernel_shape": [3, 3]}),
        ("far", (3, 3), {"pads": [4, 4, 4, 4]}), ("whole", (6, 6), {}),
        ("updil", (3, 3), {"auto_pad": "SAME_UPPER", "dilations": [2, 1]}),
    ]
    for (name, kernel, attributes), bias in itertools.product(settings, (True, False)):
        case = Case(f"conv_{name}_{'bias' if bias else 'none'}")
        inputs = ["x", case.constant(case.numbers.any(4, 3, *kernel))]
        case.node("Conv", *inputs, *([case.constant(case.numbers.any(4))] if bias else []), **attributes)
        yield case.done()
    for groups, outputs in ((2, 4), (4, 4), (4, 8), (2, 2)):
        case = Case(f"conv_groups{groups}_{outputs}", (1, 4, 5, 5))
        case.node("Conv", "x", case.constant(case.numbers.any(outputs, 4 // groups, 3, 3)), group=groups)
        yield case.done()
    for name, shape, kernel in (("1d", (1, 3, 8), (4, 3, 3)), ("3d", (1, 2, 4, 4, 4), (2, 2, 2, 2, 2)),
                                ("3d_front", (1, 2, 1, 4, 5), (3, 2, 1, 2, 3)),
                                ("3d_middle", (1, 2, 4, 1, 5), (3, 2, 2, 1, 3)),
                                ("3d_back", (1, 2, 4, 5, 1), (3, 2, 2, 3, 1)),
                                ("3d_line", (1, 2, 1, 1, 5), (3, 2, 1, 1, 2))):
        case = Case(f"conv_{name}", shape)
        case.node("Conv", "x", case.constant(case.numbers.any(*kernel)))
        yield case.done()
    case = Case("conv_transpose", (1, 3, 4, 4))
    case.node("ConvTranspose", "x", case.constant(case.numbers.any(3, 2, 2, 2)), strides=[2, 2])
    yield case.done()
    case = Case("conv_computed_weights", (1, 3, 4, 4))
    weights = case.node("Mul", case.constant(case.numbers.any(2, 3, 1, 1)), case.constant(np.float32(2)))
    case.node("Conv", "x", weights)
    yield case.done()


def transposed_convolutions():
    """Every combination of attributes that onnxruntime takes, of a small map."""
    options = {"kernel": [(1, 1), (2, 2), (3, 2), (4, 4)], "strides": [[1, 1], [2, 2], [3, 1], [2, 3]],
               "pads": [None, [0, 1, 1, 0], [1, 1, 1, 1], [2, 0, 3, 1]], "dilations": [[1, 1], [2, 1], [2, 3]],
               "output_padding": [None, [1, 0]]}
    for name, chosen in flags(options):
        kernel = chosen.pop("kernel")
        chosen = {key: value for key, value in chosen.items() if value is not None}
        case = Case(f"convt_{name.replace(',', '').replace('[', '').replace(']', '')}", (1, 2, 3, 4))
        inputs = ["x", case.constant(case.numbers.any(2, 3, *kernel)), case.constant(case.numbers.any(3))]
        case.node("ConvTranspose", *inputs, **chosen)
        yield case.done()
    options = {"kernel": [(2, 2), (3, 3), (4, 1)], "strides": [[1, 1], [2, 2], [3, 2]],
               "auto_pad": ["SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET"], "dilations": [[1, 1], [2, 2]],
               "output_padding": [None, [0, 1]], "output_shape": [None, [7, 6], [9, 12], [3, 4]]}
    for name, chosen in flags(options):
        kernel = chosen.pop("kernel")
        chosen = {key: value for key, value in chosen.items() if value is not None}
        case = Case(f"convta_{name.replace(',', '').replace('[', '').replace(']', '')}", (1, 1, 3, 4))
        case.node("ConvTranspose", "x", case.constant(case.numbers.any(1, 2, *kernel)), **chosen)
        yield case.done()
    for groups, outputs in ((2, 1), (4, 1), (2, 3)):
        case = Case(f"convt_groups{groups}_{outputs}", (1, 4, 3, 3))
        case.node("ConvTranspose", "x", case.constant(case.numbers.any(4, outputs, 3, 3)), group=groups, strides=[2, 2])
        yield case.done()
    case = Case("convt_norm_relu", (1, 3, 4, 4))
    case.node("ConvTranspose", "x", case.constant(case.numbers.any(3, 3, 4, 4)), strides=[2, 2], pads=[1, 1, 1, 1])
    norm(case, 13)
    case.node("Relu")
    yield case.done()


def sequences():
    """One dimension behind the channels, and three of which one has one element."""
    settings = [("plain", {}), ("pads", {"pads": [2, 1]}), ("stride", {"strides": [2], "pads": [1, 0]}),
                ("dilated", {"dilations": [2]}), ("upper", {"auto_pad": "SAME_UPPER", "strides": [2]})]
    for name, attributes in settings:
        case = Case(f"conv1d_{name}", (1, 3, 9))
        case.node("Conv", "x", case.constant(case.numbers.any(4, 3, 3)), case.constant(case.numbers.any(4)), **attributes)
        norm_of(case, 4)
        case.node("Relu")
        yield case.done()
        if "auto_pad" not in attributes:
            case = Case(f"convt1d_{name}", (1, 3, 5))
            case.node("ConvTranspose", "x", case.constant(case.numbers.any(3, 2, 4)), **attributes)
            yield case.done()
    for operator, attributes in (("MaxPool", {"kernel_shape": [3], "strides": [2], "pads": [1, 1]}),
                                 ("AveragePool", {"kernel_shape": [2], "strides": [2]}),
                                 ("GlobalAveragePool", {}), ("GlobalMaxPool", {})):
        for shape in ((1, 3, 8), (1, 3, 4, 1, 5)):
            attributes = dict(attributes)
            if len(shape) == 5 and "kernel_shape" in attributes:
                attributes = {key: [*value[:1], 0 if key == "pads" else 1, *value[:1]] * (1 + (key == "pads"))
                              for key, value in attributes.items()}
            case = Case(f"{operator.lower()}_rank{len(shape)}", shape)
            case.node(operator, **attributes)
            yield case.done()
    case = Case("convt3d", (1, 2, 3, 1, 4))
    case.node("ConvTranspose", "x", case.constant(case.numbers.any(2, 3, 2, 1, 3)), strides=[2, 1, 2])
    yield case.done()
    case = Case("conv1d_classifier", (1, 3, 16))
    case.node("Conv", "x", case.constant(case.numbers.any(4, 3, 3)), pads=[1, 1])
    case.node("Relu")
    case.node("MaxPool", kernel_shape=[2], strides=[2])
    case.node("Flatten")
    case.node("Gemm", case.last, case.constant(case.numbers.any(32, 5)))
    yield case.done()


def norm_of(case, channels):
    parts = [case.numbers.positive(channels), case.numbers.any(channels), case.numbers.any(channels),
             case.numbers.positive(channels)]
    case.node("BatchNormalization", case.last, *[case.constant(part) for part in parts])


def channels_last():
    """Networks as TensorFlow has them, each convolution between transpositions as a converter makes them."""
    def conv(case, channels, outputs, **attributes):
        case.node("Transpose", perm=[0, 3, 1, 2])
        case.node("Conv", case.last, case.constant(case.numbers.any(outputs, channels, 3, 3)), pads=[1, 1, 1, 1], **attributes)
        case.node("Transpose", perm=[0, 2, 3, 1])

    case = Case("nhwc_chain", (1, 6, 8, 3))
    case.node("Mul", "x", case.constant(case.numbers.positive(3)))
    case.node("Sub", case.last, case.constant(case.numbers.any(1, 1, 3)))
    conv(case, 3, 4)
    case.node("Add", case.last, case.constant(case.numbers.any(4)))
    first = case.node("Relu")
    conv(case, 4, 4)
    case.node("Add", case.last, first)
    case.node("Relu")
    case.node("Concat", case.last, first, axis=3)
    case.node("Pad", case.last, case.ints(0, 1, 0, 0, 0, 0, 1, 0))
    case.node("Transpose", perm=[0, 3, 1, 2])
    case.node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    case.node("Transpose", perm=[0, 2, 3, 1])
    case.node("Reshape", case.last, case.ints(1, 96))
    case.node("MatMul", case.last, case.constant(case.numbers.any(96, 5)))
    case.node("Add", case.last, case.constant(case.numbers.any(5)))
    yield case.done()
    case = Case("nhwc_grey", (1, 6, 6, 1))
    case.node("Mul", "x", case.constant(np.float32(0.5)))
    conv(case, 1, 3, strides=[2, 2])
    case.node("Relu")
    case.node("Reshape", case.last, case.ints(1, -1))
    case.node("MatMul", case.last, case.constant(case.numbers.any(27, 4)))
    yield case.done()
    case = Case("nhwc_dense_map", (1, 4, 5, 3))
    conv(case, 3, 4)
    case.node("Relu")
    case.node("MatMul", case.last, case.constant(case.numbers.any(4, 6)))
    case.node("Add", case.last, case.constant(case.numbers.any(6)))
    case.node("Relu")
    conv(case, 6, 2)
    case.node("Transpose", perm=[0, 3, 1, 2])
    yield case.done()
    case = Case("nhwc_split", (1, 4, 5, 3))
    conv(case, 3, 4)
    parts = case.node("Split", case.last, case.ints(1, 3), axis=-1, outputs=2)
    conv(case, 1, 2)
    case.node("Concat", case.last, f"{parts}_1", axis=-1)
    case.node("Transpose", perm=[0, 3, 1, 2])
    yield case.done()


def permutations():
    for order in itertools.permutations(range(1, 4)):
        case = Case(f"permute_rank4_{''.join(map(str, order))}", (1, 3, 4, 5))
        case.node("Relu")
        case.node("Transpose", perm=[0, *order])
        case.node("Neg")
        yield case.done()
    for order in ([0, 2, 1, 3, 4], [0, 4, 3, 2, 1], [0, 1, 3, 4, 2], [0, 3, 1, 4, 2]):
        case = Case(f"permute_rank5_{''.join(map(str, order))}", (1, 2, 3, 4, 5))
        case.node("Transpose", perm=order)
        case.node("Relu")
        yield case.done()
    for order in ([0, 3, 5, 1, 2, 4], [0, 1, 4, 2, 5, 3], [0, 5, 1, 3, 2, 4]):
        case = Case(f"permute_rank6_{''.join(map(str, order))}", (1, 12, 4, 6))
        case.node("Reshape", "x", case.ints(1, 3, 2, 2, 4, 6))
        case.node("Transpose", perm=order)
        case.node("Reshape", case.last, case.ints(1, 12, 4, 6))
        yield case.done()
    for block, mode, shape in itertools.product((1, 2, 3), (None, "DCR", "CRD"), ((1, 36, 2, 3),)):
        case = Case(f"depthtospace_{block}_{mode}", shape)
        case.node("DepthToSpace", blocksize=block, **({} if mode is None else {"mode": mode}))
        yield case.done()
    for block in (1, 2, 3):
        case = Case(f"spacetodepth_{block}", (1, 2, 6, 12))
        case.node("SpaceToDepth", blocksize=block)
        yield case.done()
    case = Case("pixel_shuffle", (1, 3, 4, 5))
    case.node("Conv", "x", case.constant(case.numbers.any(8, 3, 3, 3)), pads=[1, 1, 1, 1])
    case.node("DepthToSpace", blocksize=2, mode="CRD")
    norm_of(case, 2)
    case.node("Relu")
    yield case.done()
    for axis, rank in ((2, 3), (1, 5), (2, 5), (3, 5), (4, 5)):
        case = Case(f"concat_rank{rank}_{axis}", (1, 2, 3, 2, 2)[:rank])
        case.node("Concat", "x", case.node("Relu", "x"), "x", axis=axis)
        yield case.done()
    for axis, (start, end, step) in itertools.product((1, 2, 3, 4), ((1, 3, 1), (0, 4, 2))):
        case = Case(f"slice_rank5_{axis}_{start}_{step}", (1, 4, 4, 4, 4))
        case.node("Slice", "x", *[case.ints(value) for value in (start, end, axis, step)])
        yield case.done()
    for axis in (1, 2, 4):
        case = Case(f"split_rank5_{axis}", (1, 4, 4, 4, 4))
        parts = case.node("Split", axis=axis, outputs=2)
        case.node("Sub", f"{parts}_1", parts)
        yield case.done()
    case = Case("split_unused", (1, 6, 3, 3))
    parts = case.node("Split", "x", case.ints(1, 2, 3), axis=1, outputs=3)
    case.node("Relu", f"{parts}_1")
    yield case.done()
    case = Case("split_num_outputs", (1, 7, 3, 3), opset=18)
    parts = case.node("Split", axis=1, num_outputs=3, outputs=3)
    case.node("Relu", f"{parts}_2")
    yield case.done()
    case = Case("split_shuffle", (1, 4, 3, 3))
    parts = case.node("Split", axis=1, outputs=2)
    case.node("Conv", f"{parts}_1", case.constant(case.numbers.any(2, 2, 1, 1)))
    case.node("Concat", parts, case.node("Relu"), axis=1)
    case.node("Reshape", case.last, case.ints(1, 2, 2, 3, 3))
    case.node("Transpose", perm=[0, 2, 1, 3, 4])
    case.node("Reshape", case.last, case.ints(1, -1, 3, 3))
    yield case.done()
    for shape, columns in (((1, 5, 3), 4), ((1, 2, 5, 3), 2), ((1, 2, 3, 4, 5), 3)):
        case = Case(f"matmul_rank{len(shape)}", shape)
        case.node("MatMul", "x", case.constant(case.numbers.any(shape[-1], columns)))
        case.node("Add", case.last, case.constant(case.numbers.any(columns)))
        case.node("Relu")
        yield case.done()
    case = Case("head_of_boxes", (1, 8, 3, 4))
    case.node("Reshape", "x", case.ints(1, 2, 4, 3, 4))
    case.node("Transpose", perm=[0, 1, 3, 4, 2])
    case.node("Reshape", case.last, case.ints(1, -1, 4))
    yield case.done()


def products():
    for name, chosen in flags({"transA": [0], "transB": [0, 1], "alpha": [1.0, 0.5], "beta": [1.0, 2.0],
                               "bias": ["row", "column", "scalar", "matrix", "none"]}):
        case = Case(f"gemm_{name}", (1, 12))
        bias = chosen.pop("bias")
        weights = case.numbers.any(*((5, 12) if chosen["transB"] else (12, 5)))
        shape = {"row": (5,), "column": (1, 1), "scalar": (), "matrix": (1, 5)}.get(bias)
        inputs = ["x", case.constant(weights)]
        inputs += [] if shape is None else [case.constant(case.numbers.any(*shape))]
        case.node("Gemm", *inputs, **chosen)
        yield case.done()
    case = Case("gemm_transA", (1, 1, 4, 1))
    case.node("Reshape", "x", case.ints(4, 1))
    case.node("Gemm", case.last, case.constant(case.numbers.any(4, 3)), transA=1)
    yield case.done()
    for name, shape, weights in (("matrix", (1, 12), (12, 5)), ("vector", (1, 12), (12,)), ("left", (1, 12), None),
                                 ("maps", (1, 2, 3, 4), (4, 5)), ("batch", (1, 2, 3, 4), (1, 2, 4, 5))):
        case = Case(f"matmul_{name}", shape)
        if weights:
            case.node("MatMul", "x", case.constant(case.numbers.any(*weights)))
        else:
            case.node("Reshape", "x", case.ints(12, 1))
            case.node("MatMul", case.constant(case.numbers.any(5, 12)), case.last)
        yield case.done()
    case = Case("flatten_gemm", (1, 2, 3, 4))
    case.node("Flatten")
    case.node("Gemm", case.last, case.constant(case.numbers.any(24, 3)))
    yield case.done()
    case = Case("matmul_bias_relu", (1, 12))
    case.node("MatMul", "x", case.constant(case.numbers.any(12, 5)))
    case.node("Add", case.constant(case.numbers.any(5)), case.last)
    case.node("Relu")
    yield case.done()


def norm(case, opset, **attributes):
    parts = [case.numbers.positive(3), case.numbers.any(3), case.numbers.any(3), case.numbers.positive(3)]
    case.node("BatchNormalization", case.last, *[case.constant(part) for part in parts], **attributes)


def norms():
    for opset, epsilon in itertools.product((7, 9, 13, 14, 15, 19, 22), (None, 0.01)):
        case = Case(f"norm_{opset}_{epsilon}", opset=opset)
        norm(case, opset, **({} if epsilon is None else {"epsilon": epsilon}))
        yield case.done()
    case = Case("norm_five_outputs", opset=9)
    norm(case, 9, outputs=5)
    yield case.done()
    case = Case("norm_training", opset=15)
    norm(case, 15, outputs=3, training_mode=1)
    yield case.done()
    case = Case("norm_not_training", opset=15)
    norm(case, 15, training_mode=0)
    yield case.done()
    case = Case("norm_flat", (1, 3))
    norm(case, 13)
    yield case.done()
    case = Case("norm_conv_relu", opset=13)
    case.node("Conv", "x", case.constant(case.numbers.any(3, 3, 3, 3)), pads=[1, 1, 1, 1])
    norm(case, 13)
    case.node("Relu")
    yield case.done()
    case = Case("norm_instance")
    case.node("InstanceNormalization", "x", case.constant(case.numbers.positive(3)), case.constant(case.numbers.any(3)))
    yield case.done()
    case = Case("norm_lrn")
    case.node("LRN", "x", size=3)
    yield case.done()
    case = Case("norm_layer", (1, 12), opset=17)
    case.node("LayerNormalization", "x", case.constant(case.numbers.positive(12)))
    yield case.done()
    case = Case("norm_group", (1, 4, 3, 3), opset=21)
    case.node("GroupNormalization", "x", case.constant(case.numbers.positive(4)), case.constant(case.numbers.any(4)),
              num_groups=2)
    yield case.done()


def activations():
    plain = {"Relu": {}, "LeakyRelu": {"alpha": 0.1}, "Elu": {}, "Selu": {}, "Sigmoid": {}, "Tanh": {},
             "HardSigmoid": {"alpha": 0.2}, "Softplus": {}, "Softsign": {}, "ThresholdedRelu": {"alpha": 0.5},
             "Abs": {}, "Neg": {}, "Exp": {}, "Erf": {}, "Identity": {}, "Dropout": {}, "Celu": {}, "Sign": {},
             "Floor": {}, "Sqrt": {}, "Reciprocal": {}, "Ceil": {}, "Log": {}, "Sin": {}}
    for operator, attributes in plain.items():
        case = Case(f"act_{operator.lower()}")
        case.node(operator, **attributes)
        yield case.done()
    for opset, operator in ((14, "HardSwish"), (20, "Gelu"), (18, "Mish"), (24, "Swish")):
        case = Case(f"act_{operator.lower()}", opset=opset)
        case.node(operator)
        yield case.done()
    case = Case("act_prelu")
    case.node("PRelu", "x", case.constant(case.numbers.positive(3, 1, 1)))
    yield case.done()
    for low, high in ((0, 6), (0, 1), (-1, 1), (0, None), (None, 1), (0.25, 0.75), (2, 1), (-1, 0), (None, None)):
        for opset in (7, 11, 13):
            case = Case(f"clip_{low}_{high}_{opset}", opset=opset)
            if opset < 11:
                bounds = {"min": low, "max": high}
                case.node("Clip", **{key: float(value) for key, value in bounds.items() if value is not None})
            else:
                inputs = ["" if value is None else case.constant(np.float32(value)) for value in (low, high)]
                case.node("Clip", "x", *inputs)
            yield case.done()
    for operator, values in (("Max", 0.0), ("Min", 1.0), ("Max", 0.5)):
        case = Case(f"act_{operator.lower()}_{values}")
        case.node(operator, "x", case.constant(np.float32(values)))
        yield case.done()
    case = Case("act_silu")
    case.node("Mul", "x", case.node("Sigmoid", "x"))
    yield case.done()
    case = Case("act_relu_of_sum")
    case.node("Add", "x", case.node("Relu", "x"))
    case.node("Relu")
    yield case.done()


def pooling():
    settings = [
        ("2", {"kernel_shape": [2, 2], "strides": [2, 2]}), ("3s2p1", {"kernel_shape": [3, 3], "strides": [2, 2],
                                                                          "pads": [1, 1, 1, 1]}),
        ("3s1", {"kernel_shape": [3, 3]}), ("wide", {"kernel_shape": [1, 3], "strides": [1, 2]}),
        ("uneven", {"kernel_shape": [2, 3], "strides": [2, 2], "pads": [0, 1, 1, 0]}),
        ("upper", {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"}),
        ("lower", {"kernel_shape": [2, 2], "strides": [1, 1], "auto_pad": "SAME_LOWER"}),
        ("valid", {"kernel_shape": [4, 4], "strides": [3, 3], "auto_pad": "VALID"}),
    ]
    for (name, attributes), ceil, opset in itertools.product(settings, (0, 1), (10, 13, 19, 22)):
        if "auto_pad" in attributes and ceil or opset > 13 and name in ("wide", "valid"):
            continue
        case = Case(f"max_{name}_{ceil}_{opset}", (1, 2, 7, 7), opset)
        case.node("MaxPool", ceil_mode=ceil, **attributes)
        yield case.done()
        for include in (0, 1):
            case = Case(f"average_{name}_{ceil}_{include}_{opset}", (1, 2, 7, 7), opset)
            case.node("AveragePool", ceil_mode=ceil, count_include_pad=include, **attributes)
            yield case.done()
    for opset, dilations in ((10, [2, 2]), (22, [1, 2])):
        case = Case(f"max_dilated_{opset}", (1, 2, 7, 7), opset)
        case.node("MaxPool", kernel_shape=[3, 3], dilations=dilations)
        yield case.done()
    for opset in (19, 22):
        case = Case(f"average_dilated_{opset}", (1, 2, 7, 7), opset)
        case.node("AveragePool", kernel_shape=[2, 2], dilations=[2, 2])
        yield case.done()
    for operator in ("GlobalAveragePool", "GlobalMaxPool"):
        case = Case(operator.lower())
        case.node(operator)
        yield case.done()
    for axes, keep, opset in itertools.product(([2, 3], [-1, -2], [3], [1], [2]), (0, 1), (13, 18)):
        case = Case(f"mean_{'_'.join(map(str, axes)).replace('-', 'm')}_{keep}_{opset}", opset=opset)
        if opset < 18:
            case.node("ReduceMean", axes=axes, keepdims=keep)
        else:
            case.node("ReduceMean", "x", case.ints(*axes), keepdims=keep)
        yield case.done()
    for operator in ("ReduceSum", "ReduceMax", "ReduceMin", "ReduceL2", "ReduceProd"):
        case = Case(operator.lower(), opset=18)
        case.node(operator, "x", case.ints(2, 3))
        yield case.done()
    for operator in ("LpPool",):
        case = Case(operator.lower(), opset=11)
        case.node(operator, kernel_shape=[2, 2])
        yield case.done()


def arithmetic():
    sizes = {"scalar": (), "one": (1,), "row": (6,), "channel": (3, 1, 1), "batch": (1, 3, 1, 1), "full": (1, 3, 6, 6),
             "map": (1, 1, 6, 6), "column": (6, 1)}
    for operator, (name, shape), first in itertools.product(("Add", "Sub", "Mul", "Div"), sizes.items(), (0, 1)):
        case = Case(f"{operator.lower()}_{name}_{first}")
        values = case.numbers.positive(*shape) if operator == "Div" else case.numbers.any(*shape)
        other = case.constant(values)
        case.node(operator, *((other, "x") if first else ("x", other)))
        yield case.done()
    for operator in ("Add", "Sub", "Mul", "Div", "Sum", "Mean", "Max", "Min", "Pow"):
        case = Case(f"two_{operator.lower()}")
        one = case.node("Conv", "x", case.constant(case.numbers.any(3, 3, 1, 1)))
        two = case.node("Relu", "x")
        case.node(operator, one, two)
        yield case.done()
    for count in (1, 3, 4):
        case = Case(f"sum_of_{count}")
        case.node("Sum", *[case.node("Conv", "x", case.constant(case.numbers.any(3, 3, 1, 1))) for _ in range(count)])
        yield case.done()
    case = Case("sum_with_constant")
    case.node("Sum", "x", case.constant(case.numbers.any(3, 1, 1)), "x")
    yield case.done()
    case = Case("add_itself")
    case.node("Add", "x", "x")
    yield case.done()
    case = Case("sub_itself")
    case.node("Sub", "x", "x")
    yield case.done()
    for power in (1, 2):
        case = Case(f"pow_{power}")
        case.node("Pow", "x", case.constant(np.float32(power)))
        yield case.done()
    case = Case("broadcast_computed")
    pooled = case.node("GlobalAveragePool", "x")
    case.node("Add", "x", pooled)
    yield case.done()
    case = Case("gate_computed")
    pooled = case.node("GlobalAveragePool", "x")
    case.node("Mul", "x", pooled)
    yield case.done()


def shapes():
    for name, wanted in (("flat", [1, -1]), ("zero", [0, -1]), ("zeros", [0, 0, -1]), ("split", [1, 2, 6, 6]),
                         ("rank3", [1, 12, 6]), ("rank5", [1, 2, 3, 2, 6]), ("rank1", [72]), ("same", [1, 12, 2, 3])):
        case = Case(f"reshape_{name}", (1, 12, 2, 3))
        case.node("Reshape", "x", case.ints(*wanted))
        yield case.done()
    case = Case("reshape_allowzero", (1, 12, 2, 3), opset=14)
    case.node("Reshape", "x", case.ints(1, 72), allowzero=1)
    yield case.done()
    for axis in (0, 1, 2, 3, 4, -1, -3):
        case = Case(f"flatten_{str(axis).replace('-', 'm')}", (1, 2, 3, 4))
        case.node("Flatten", axis=axis)
        yield case.done()
    for opset, axes in itertools.product((11, 13), ([0], [2, 3], [-1, -2], None)):
        case = Case(f"squeeze_{opset}_{'all' if axes is None else '_'.join(map(str, axes)).replace('-', 'm')}",
                    (1, 4, 1, 1), opset)
        if axes is None:
            case.node("Squeeze")
        elif opset < 13:
            case.node("Squeeze", axes=axes)
        else:
            case.node("Squeeze", "x", case.ints(*axes))
        yield case.done()
    for opset, axes in itertools.product((11, 13), ([2, 3], [-1], [0])):
        case = Case(f"unsqueeze_{opset}_{'_'.join(map(str, axes)).replace('-', 'm')}", (1, 4), opset)
        if opset < 13:
            case.node("Unsqueeze", axes=axes)
        else:
            case.node("Unsqueeze", "x", case.ints(*axes))
        yield case.done()
    for order in ([0, 1, 2, 3], [0, 2, 3, 1], [0, 3, 1, 2], [0, 1, 3, 2], [3, 2, 1, 0], [0, 2, 1, 3]):
        case = Case(f"transpose_{''.join(map(str, order))}", (1, 2, 3, 4))
        case.node("Transpose", perm=order)
        yield case.done()
    case = Case("transpose_there_and_back", (1, 2, 3, 4))
    case.node("Transpose", perm=[0, 2, 3, 1])
    case.node("Add", case.last, case.constant(case.numbers.any(2)))
    case.node("Transpose", perm=[0, 3, 1, 2])
    yield case.done()
    case = Case("transpose_default", (1, 2, 3, 4))
    case.node("Transpose")
    yield case.done()
    case = Case("shuffle", (1, 4, 3, 3))
    case.node("Reshape", "x", case.ints(1, 2, 2, 3, 3))
    case.node("Transpose", perm=[0, 2, 1, 3, 4])
    case.node("Reshape", case.last, case.ints(1, 4, 3, 3))
    yield case.done()
    for operator in ("DepthToSpace", "SpaceToDepth"):
        case = Case(operator.lower(), (1, 8, 4, 4))
        case.node(operator, blocksize=2)
        yield case.done()
    for axis in (1, 2, 3, -3, 0):
        case = Case(f"concat_{str(axis).replace('-', 'm')}", (1, 2, 4, 4))
        case.node("Concat", "x", case.node("Relu", "x"), axis=axis)
        yield case.done()
    case = Case("concat_constant", (1, 2, 4, 4))
    case.node("Concat", "x", case.constant(case.numbers.any(1, 1, 4, 4)), axis=1)
    yield case.done()
    case = Case("concat_three", (1, 2, 4, 4))
    case.node("Concat", "x", "x", case.node("Neg", "x"), axis=1)
    yield case.done()
    for name, target in (("channels", (1, 3, 4, 4)), ("nothing", (1, 1, 4, 4))):
        case = Case(f"expand_{name}", (1, 1, 4, 4))
        case.node("Expand", "x", case.ints(*target))
        yield case.done()
    case = Case("expand_map", (1, 3, 1, 1))
    case.node("Expand", "x", case.ints(1, 3, 4, 4))
    yield case.done()
    case = Case("tile", (1, 2, 3, 3))
    case.node("Tile", "x", case.ints(1, 2, 1, 1))
    yield case.done()


def slices():
    settings = [
        ("front", [0, 0], [2, 4], [2, 3], None), ("back", [-2], [2**31 - 1], [2], None),
        ("steps", [0, 1], [6, 6], [2, 3], [2, 2]), ("reverse", [-1], [-(2**31)], [1], [-1]),
        ("channels", [1], [3], [1], None), ("negative", [-5], [-1], [-1], [2]), ("beyond", [0], [100], [2], None),
        ("rows_reverse", [5], [0], [2], [-1]), ("batch", [0], [1], [0], None),
    ]
    for (name, starts, ends, axes, steps), opset in itertools.product(settings, (9, 11, 13)):
        if opset < 10 and steps:
            continue
        case = Case(f"slice_{name}_{opset}", opset=opset)
        if opset < 10:
            case.node("Slice", starts=starts, ends=ends, axes=axes)
        else:
            parts = [case.ints(*part) for part in (starts, ends, axes, steps) if part is not None]
            case.node("Slice", "x", *parts)
        yield case.done()
    for indices, axis in (([0, 2], 1), (1, 1), ([5, 0, 0], 3), ([-1], 2), (0, 0)):
        case = Case(f"gather_{str(indices).replace(' ', '').replace('-', 'm')}_{axis}")
        case.node("Gather", "x", case.constant(np.array(indices, dtype=np.int64)), axis=axis)
        yield case.done()
    for axis, opset in itertools.product((1, 3), (11, 13, 18)):
        case = Case(f"split_{axis}_{opset}", (1, 4, 4, 4), opset)
        more = {"num_outputs": 2} if opset >= 18 else {}
        case.node("Split", axis=axis, outputs=2, **more)
        case.node("Add", f"v0", "v0_1")
        yield case.done()
    case = Case("split_uneven", (1, 4, 4, 4))
    case.node("Split", "x", case.ints(1, 3), axis=1, outputs=2)
    case.last = "v0_1"
    case.node("Relu")
    yield case.done()


def pads():
    for mode, amounts, opset in itertools.product(
        ("constant", "reflect", "edge", "wrap"),
        ([0, 0, 1, 1, 0, 0, 1, 1], [0, 0, 0, 2, 0, 0, 1, 0], [0, 1, 0, 0, 0, 2, 0, 0], [0, 0, -1, 0, 0, 0, 0, -2]),
        (7, 11, 18, 19),
    ):
        if mode == "wrap" and opset < 19 or mode != "constant" and opset == 18:
            continue
        case = Case(f"pad_{mode}_{''.join(map(str, amounts)).replace('-', 'm')}_{opset}", opset=opset)
        if opset < 11:
            case.node("Pad", mode=mode, pads=amounts)
        else:
            case.node("Pad", "x", case.ints(*amounts), mode=mode)
        yield case.done()
    for value in (0.0, 1.5, -2.0):
        case = Case(f"pad_value_{str(value).replace('-', 'm')}")
        case.node("Pad", "x", case.ints(0, 0, 1, 1, 0, 0, 1, 1), case.constant(np.float32(value)))
        yield case.done()
    case = Case("pad_axes", opset=18)
    case.node("Pad", "x", case.ints(1, 2, 1, 0), "", case.ints(2, 3))
    yield case.done()
    case = Case("pad_conv")
    case.node("Pad", "x", case.ints(0, 0, 1, 1, 0, 0, 2, 2))
    case.node("Conv", case.last, case.constant(case.numbers.any(2, 3, 3, 3)), strides=[2, 2])
    yield case.done()
    case = Case("pad_max", opset=11)
    case.node("Relu")
    case.node("Pad", case.last, case.ints(0, 0, 1, 1, 0, 0, 1, 1))
    case.node("MaxPool", kernel_shape=[3, 3], strides=[2, 2])
    yield case.done()


def then(case):
    """A convolution after a resize, so that it is not the last operator."""
    case.node("Conv", case.last, case.constant(case.numbers.any(2, 2, 1, 1)))
    return case.done()


def resizes():
    coordinates = ("half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel", "half_pixel_symmetric")
    for mode, coordinate, scales in itertools.product(
        ("nearest", "linear", "cubic"), coordinates, ([2, 2], [3, 2], [1.5, 1.5], [5 / 3, 5 / 3], [0.5, 0.5])
    ):
        if coordinate == "half_pixel_symmetric" and scales != [2, 2] or mode == "cubic" and scales not in ([2, 2], [1.5, 1.5]):
            continue
        opset = 19 if coordinate == "half_pixel_symmetric" else 13
        name = "_".join(f"{scale:.2f}" for scale in scales)
        case = Case(f"resize_{mode}_{coordinate}_{name}", (1, 2, 3, 3), opset)
        factors = case.constant(np.array([1, 1, *scales], dtype=np.float32))
        case.node("Resize", "x", "", factors, mode=mode, coordinate_transformation_mode=coordinate)
        yield then(case)
    for rounding, coordinate in itertools.product(
        ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"), ("half_pixel", "asymmetric", "align_corners")
    ):
        case = Case(f"resize_nearest_{rounding}_{coordinate}", (1, 2, 4, 4))
        case.node("Resize", "x", "", "", case.ints(1, 2, 8, 7), mode="nearest", nearest_mode=rounding,
                  coordinate_transformation_mode=coordinate)
        yield then(case)
    for mode, sizes in itertools.product(("nearest", "linear"), ([8, 8], [7, 9], [4, 4], [5, 12], [2, 2])):
        case = Case(f"resize_{mode}_sizes_{sizes[0]}_{sizes[1]}", (1, 2, 4, 4))
        case.node("Resize", "x", "", "", case.ints(1, 2, *sizes), mode=mode)
        yield then(case)
    for opset, mode in itertools.product((7, 9), ("nearest", "linear")):
        case = Case(f"upsample_{opset}_{mode}", (1, 2, 3, 3), opset)
        if opset < 9:
            case.node("Upsample", scales=[1.0, 1.0, 2.0, 2.0], mode=mode)
        else:
            case.node("Upsample", "x", case.constant(np.array([1, 1, 2, 2], dtype=np.float32)), mode=mode)
        yield then(case)
    for mode in ("nearest", "linear"):
        case = Case(f"resize_10_{mode}", (1, 2, 3, 3), 10)
        case.node("Resize", "x", case.constant(np.array([1, 1, 2, 2], dtype=np.float32)), mode=mode)
        yield then(case)
    case = Case("resize_axes", (1, 2, 3, 3), 18)
    case.node("Resize", "x", "", case.constant(np.array([2, 2], dtype=np.float32)), axes=[2, 3], mode="linear")
    yield then(case)
    case = Case("resize_antialias", (1, 2, 6, 6), 18)
    case.node("Resize", "x", "", case.constant(np.array([1, 1, 0.5, 0.5], dtype=np.float32)), mode="linear", antialias=1)
    yield then(case)
    case = Case("resize_crop", (1, 2, 4, 4), 13)
    region = case.constant(np.array([0, 0, 0, 0, 1, 1, 0.8, 0.8], dtype=np.float32))
    case.node("Resize", "x", region, "", case.ints(1, 2, 4, 4), mode="linear",
              coordinate_transformation_mode="tf_crop_and_resize")
    yield then(case)


def folding():
    def scaled(name, values, opset=13, shape=(1, 3, 6, 6)):
        """The input times what nodes compute of constants alone."""
        case = Case(f"fold_{name}", shape, opset)
        case.node("Mul", "x", values(case))
        return case.done()

    each = lambda case: case.constant(case.numbers.positive(3, 1, 1))
    whole = lambda case, *values: case.ints(*values)
    for operator in ("Neg", "Sqrt", "Exp", "Abs", "Reciprocal", "Floor", "Relu", "Sigmoid", "Tanh", "Log", "Erf", "Ceil",
                     "Identity", "Sign", "Softplus", "HardSigmoid"):
        yield scaled(operator.lower(), lambda case: case.node(operator, each(case)))
    for operator in ("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min"):
        yield scaled(operator.lower(), lambda case: case.node(operator, each(case), each(case)))
    yield scaled("clip", lambda case: case.node("Clip", each(case), case.constant(np.float32(.5)), case.constant(np.float32(1))))
    yield scaled("mean", lambda case: case.node("ReduceMean", case.constant(case.numbers.positive(3, 4, 1)), axes=[1]))
    for operator in ("ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd"):
        yield scaled(operator.lower(), lambda case: case.node(operator, case.constant(case.numbers.positive(3, 4, 1)), case.ints(1)), 18)
    yield scaled("where", lambda case: case.node("Where", case.constant(np.array([[[True]], [[False]], [[True]]])), each(case), each(case)))
    yield scaled("equal", lambda case: case.node("Where", case.node("Equal", whole(case, 1, 2, 3), whole(case, 1, 0, 3)), case.constant(np.float32(2)), case.constant(np.float32(3))), shape=(1, 3))
    for operator in ("Less", "Greater", "LessOrEqual", "GreaterOrEqual", "And", "Or", "Xor"):
        def compared(case):
            one, two = (np.array([1, 0, 1], bool), np.array([1, 1, 0], bool)) if operator in ("And", "Or", "Xor") else (np.float32([1, 2, 3]), np.float32([2, 2, 2]))
            chosen = case.node(operator, case.constant(one), case.constant(two))
            return case.node("Cast", chosen, to=TensorProto.FLOAT)
        yield scaled(operator.lower(), compared, shape=(1, 3))
    yield scaled("not", lambda case: case.node("Cast", case.node("Not", case.constant(np.array([True, False, True]))), to=1), shape=(1, 3))
    yield scaled("range", lambda case: case.node("Range", *[case.constant(np.float32(value)) for value in (1, 7, 1)]), shape=(1, 6))
    yield scaled("constant_of_shape", lambda case: case.node("ConstantOfShape", whole(case, 3, 1, 1), value=numpy_helper.from_array(np.float32([2.5]))))
    yield scaled("transpose", lambda case: case.node("Transpose", case.constant(case.numbers.any(1, 1, 3)), perm=[2, 1, 0]))
    yield scaled("concat", lambda case: case.node("Concat", case.constant(case.numbers.any(1, 1, 1)), case.constant(case.numbers.any(2, 1, 1)), axis=0))
    yield scaled("gather", lambda case: case.node("Gather", case.constant(case.numbers.any(5, 1, 1)), whole(case, 4, 0, 2)))
    yield scaled("slice", lambda case: case.node("Slice", case.constant(case.numbers.any(5, 1, 1)), whole(case, 1), whole(case, 4), whole(case, 0)))
    yield scaled("unsqueeze", lambda case: case.node("Unsqueeze", case.constant(case.numbers.any(3)), whole(case, 1, 2)))
    yield scaled("squeeze", lambda case: case.node("Squeeze", case.constant(case.numbers.any(3, 1, 1, 1)), whole(case, 1)))
    yield scaled("expand", lambda case: case.node("Expand", case.constant(np.float32([[[2]]])), whole(case, 3, 1, 1)))
    yield scaled("tile", lambda case: case.node("Tile", case.constant(np.float32([[[2]]])), whole(case, 3, 1, 1)))
    yield scaled("cast", lambda case: case.node("Cast", whole(case, 1, 2, 3, 4, 5, 6), to=1), shape=(1, 6))
    yield scaled("cast_int", lambda case: case.node("Cast", case.node("Cast", case.constant(np.float32([1.7, -1.7, 2.5, 0, 1, 2])), to=7), to=1), shape=(1, 6))
    yield scaled("double", lambda case: case.node("Cast", case.constant(np.float64([1.5, 2, 3, 4, 5, 6])), to=1), shape=(1, 6))
    yield scaled("div_int", lambda case: case.node("Cast", case.node("Div", whole(case, 7, -7, 9, 4, 5, 6), whole(case, 2, 2, 3, 3, 2, 4)), to=1), shape=(1, 6))
    yield scaled("mod", lambda case: case.node("Cast", case.node("Mod", whole(case, 7, -7, 9, 4, 5, 6), whole(case, 2, 4, 3, 3, 2, 4)), to=1), shape=(1, 6))
    yield scaled("matmul", lambda case: case.node("MatMul", case.constant(case.numbers.any(3, 1, 2)), case.constant(case.numbers.any(2, 1))))
    yield scaled("trilu", lambda case: case.node("Trilu", case.constant(case.numbers.any(1, 6))), 14, (1, 6))
    yield scaled("constant_node", lambda case: constant_node(case, value=numpy_helper.from_array(np.float32([1, 2, 3, 4, 5, 6]))), shape=(1, 6))
    yield scaled("constant_float", lambda case: constant_node(case, value_float=1.5))
    yield scaled("constant_floats", lambda case: constant_node(case, value_floats=[1.5, 2.5, 3, 4, 5, 6]), shape=(1, 6))
    yield scaled("constant_int", lambda case: case.node("Cast", constant_node(case, value_int=3), to=1))
    case = Case("fold_shape_of_input", (1, 3, 4, 4))
    shape = case.node("Shape", "x")
    batch = case.node("Gather", shape, case.constant(np.int64(0)))
    row = case.node("Unsqueeze", batch, case.ints(0))
    target = case.node("Concat", row, case.ints(-1), axis=0)
    case.node("Reshape", "x", target)
    yield case.done()
    case = Case("fold_shape_slice", (1, 3, 4, 4), 15)
    sides = case.node("Shape", "x", start=2)
    doubled = case.node("Mul", sides, case.ints(2))
    target = case.node("Concat", case.ints(1, 3), doubled, axis=0)
    case.node("Resize", "x", "", "", target, mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    case.node("Relu")
    yield case.done()
    case = Case("fold_size", (1, 3, 4, 4))
    count = case.node("Cast", case.node("Size", "x"), to=1)
    case.node("Div", "x", count)
    yield case.done()


def constant_node(case, **attributes):
    case.nodes.append(helper.make_node("Constant", [], [f"v{len(case.nodes)}"], **attributes))
    return f"v{len(case.nodes) - 1}"


def types():
    for name, kind in (("half", np.float16), ("double", np.float64)):
        case = Case(f"type_{name}_network", kind=helper.np_dtype_to_tensor_dtype(np.dtype(kind)))
        case.node("Conv", "x", case.constant(case.numbers.any(2, 3, 3, 3).astype(kind)))
        case.node("Relu")
        yield case.done()
        case = Case(f"type_{name}_weights")
        case.node("Conv", "x", case.node("Cast", case.constant(case.numbers.any(2, 3, 3, 3).astype(kind)), to=1))
        yield case.done()
    for name, kind in (("uint8", TensorProto.UINT8), ("int8", TensorProto.INT8), ("int32", TensorProto.INT32),
                       ("int64", TensorProto.INT64)):
        case = Case(f"type_{name}_input", kind=kind)
        case.node("Cast", to=1)
        case.node("Conv", case.last, case.constant(case.numbers.any(2, 3, 3, 3, scale=1 / 16)))
        yield case.done()
    case = Case("type_uint8_divided", kind=TensorProto.UINT8)
    case.node("Cast", to=1)
    case.node("Div", case.last, case.constant(np.float32(255)))
    case.node("Conv", case.last, case.constant(case.numbers.any(2, 3, 3, 3)))
    yield case.done()
    case = Case("type_cast_down_and_up")
    case.node("Cast", to=TensorProto.INT32)
    case.node("Cast", to=TensorProto.FLOAT)
    yield case.done()
    case = Case("type_cast_half_inside")
    case.node("Cast", to=TensorProto.FLOAT16)
    case.node("Cast", to=TensorProto.FLOAT)
    yield case.done()
    case = Case("type_quantised", opset=13)
    scale, zero = case.constant(np.float32(.0625)), case.constant(np.uint8(128))
    case.node("QuantizeLinear", "x", scale, zero)
    case.node("DequantizeLinear", case.last, scale, zero)
    yield case.done()
    case = Case("type_dequantised_weights", opset=13)
    weights = case.constant(np.arange(-27, 27).reshape(2, 3, 3, 3).astype(np.int8))
    case.node("Conv", "x", case.node("DequantizeLinear", weights, case.constant(np.float32(.03125)), case.constant(np.int8(1))))
    yield case.done()
    case = Case("type_open_batch")
    case.declared = ("n", 3, 6, 6)
    case.node("Conv", "x", case.constant(case.numbers.any(2, 3, 3, 3)))
    yield case.done()
    case = Case("type_old_inputs", opset=7)
    case.node("Conv", "x", case.constant(case.numbers.any(2, 3, 3, 3)))
    case.old_inputs = True
    yield case.done()
    case = Case("type_no_names")
    case.node("Conv", "x", case.constant(case.numbers.any(2, 3, 3, 3)))
    case.node("Relu")
    yield case.done()
    case = Case("type_rank1", (12,))
    case.node("Relu")
    yield case.done()
    case = Case("type_rank3", (3, 6, 6))
    case.node("Unsqueeze", "x", case.ints(0))
    case.node("Conv", case.last, case.constant(case.numbers.any(2, 3, 3, 3)))
    yield case.done()
    case = Case("type_batch_of_two", (2, 3, 6, 6))
    case.node("Relu")
    yield case.done()
    for channels in (1, 2, 4, 5):
        case = Case(f"type_channels_{channels}", (1, channels, 5, 5))
        case.node("Conv", "x", case.constant(case.numbers.any(3, channels, 2, 2)))
        case.node("Relu")
        yield case.done()


def ends():
    def classes(name, opset, node):
        case = Case(f"end_{name}_{opset}", (1, 4, 3, 3), opset)
        node(case)
        return case.done()

    def flat(case):
        case.node("Flatten")
        case.node("Gemm", case.last, case.constant(case.numbers.any(36, 5)))

    for operator, opset, axis in itertools.product(("Softmax", "LogSoftmax"), (11, 13), (None, 1, -1)):
        def node(case):
            flat(case)
            case.node(operator, **({} if axis is None else {"axis": axis}))
        yield classes(f"{operator.lower()}_flat_{str(axis).replace('-', 'm')}", opset, node)
    for operator, opset, axis in itertools.product(("Softmax", "LogSoftmax"), (11, 13), (None, 1, 2, 3, -1)):
        yield classes(f"{operator.lower()}_map_{str(axis).replace('-', 'm')}", opset,
                      lambda case: case.node(operator, **({} if axis is None else {"axis": axis})))
    for axis, keep in itertools.product((0, 1, 2, 3), (0, 1)):
        yield classes(f"argmax_{axis}_{keep}", 13, lambda case: case.node("ArgMax", axis=axis, keepdims=keep))
    for mode, coordinate in (("linear", "half_pixel"), ("linear", "align_corners"), ("linear", "asymmetric"),
                             ("cubic", "half_pixel"), ("nearest", "asymmetric")):
        for stride in (1, 2):
            case = Case(f"end_resize_{mode}_{coordinate}_{stride}")
            case.node("Conv", "x", case.constant(case.numbers.any(4, 3, 1, 1)), strides=[stride, stride])
            factors = case.constant(np.array([1, 1, 2, 2], dtype=np.float32))
            case.node("Resize", case.last, "", factors, mode=mode, coordinate_transformation_mode=coordinate)
            yield case.done()
    for count in (1, 2):
        case = Case(f"end_sigmoid_{count}", (1, 12))
        case.node("Gemm", "x", case.constant(case.numbers.any(12, count)))
        case.node("Sigmoid")
        yield case.done()
    case = Case("end_two_outputs")
    case.more = [case.node("Relu", "x")]
    case.node("Conv", "x", case.constant(case.numbers.any(2, 3, 3, 3)))
    yield case.done()
    case = Case("end_is_input")
    case.node("Identity")
    yield case.done()
    case = Case("end_topk", (1, 12))
    case.node("TopK", "x", case.ints(3), outputs=2)
    yield case.done()


def faults():
    """Files that are wrong in a way that a reader may pass over."""
    case = Case("fault_two_initializers")
    case.constant(case.numbers.any(2, 3, 1, 1), name="w")
    case.constant(case.numbers.any(2, 3, 1, 1), name="w")
    case.node("Conv", "x", "w")
    yield case.done()
    case = Case("fault_initializer_and_node")
    case.constant(case.numbers.any(1, 3, 6, 6), name="v0")
    case.node("Relu", "x")
    case.node("Neg")
    yield case.done()
    case = Case("fault_unknown_attribute")
    case.node("Conv", "x", case.constant(case.numbers.any(2, 3, 1, 1)), dilation_rate=2)
    yield case.done()
    case = Case("fault_foreign_domain")
    case.node("Relu", "x", domain="com.example")
    yield case.done()
    case = Case("fault_nan_weight")
    weights = case.numbers.any(2, 3, 1, 1)
    weights[0, 0] = np.nan
    case.node("Conv", "x", case.constant(weights))
    yield case.done()
    case = Case("fault_infinite_weight")
    weights = case.numbers.any(2, 3, 1, 1)
    weights[0, 0] = np.inf
    case.node("Conv", "x", case.constant(weights))
    yield case.done()
    case = Case("fault_unused_unknown")
    case.node("NonZero", "x")
    case.node("Relu", "x")
    yield case.done()
    case = Case("fault_if", opset=13)
    then = helper.make_graph([helper.make_node("Relu", ["x"], ["t"])], "then", [], [helper.make_empty_tensor_value_info("t")])
    other = helper.make_graph([helper.make_node("Neg", ["x"], ["o"])], "other", [], [helper.make_empty_tensor_value_info("o")])
    case.node("If", case.constant(np.array(True)), then_branch=then, else_branch=other)
    yield case.done()


def versions():
    """One network of the usual operators at every operator set."""
    for opset in range(7, 26):
        case = Case(f"version_{opset}", (1, 3, 8, 8), opset)
        case.node("Conv", "x", case.constant(case.numbers.any(4, 3, 3, 3)), case.constant(case.numbers.any(4)), pads=[1, 1, 1, 1])
        parts = [case.numbers.positive(4), case.numbers.any(4), case.numbers.any(4), case.numbers.positive(4)]
        case.node("BatchNormalization", case.last, *[case.constant(part) for part in parts])
        left = case.node("Relu")
        case.node("Conv", left, case.constant(case.numbers.any(4, 1, 3, 3)), pads=[1, 1, 1, 1], group=4)
        case.node("Add", case.last, left)
        case.node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
        if opset < 11:
            case.node("Clip", min=0.0, max=6.0)
        else:
            case.node("Clip", case.last, case.constant(np.float32(0)), case.constant(np.float32(6)))
        case.node("GlobalAveragePool")
        case.node("Flatten")
        case.node("Gemm", case.last, case.constant(case.numbers.any(4, 5)), case.constant(case.numbers.any(5)))
        yield case.done()
