"""Smooth functions: operators of their names, and the expressions that exporters write in their place."""
import numpy as np

from case import Case


def cases():
    """Functions that exporters write as expressions in one tensor, in the orders in which they do."""
    def expression(name, write, opset=13, shape=(1, 3, 4, 4)):
        case = Case(f"smooth_{name}", shape, opset)
        case.node("Conv", "x", case.constant(case.numbers.any(3, 3, 1, 1)))
        write(case, case.last)
        case.node("Conv", case.last, case.constant(case.numbers.any(2, 3, 1, 1)))
        return case.done()

    one = lambda case, value: case.constant(np.float32(value))
    for operator, opset, attributes in (
            ("Elu", 13, {"alpha": 0.5}), ("Selu", 13, {"alpha": 1.5, "gamma": 1.25}), ("Celu", 13, {"alpha": 2.0}),
            ("Gelu", 20, {"approximate": "none"}), ("Gelu", 20, {"approximate": "tanh"}), ("Swish", 24, {"alpha": 1.5}),
            ("ThresholdedRelu", 13, {"alpha": 0.0}), ("HardSwish", 14, {}), ("Mish", 18, {}), ("Softsign", 13, {}),
            ("Softplus", 13, {}), ("Erf", 13, {}), ("Sigmoid", 13, {}), ("Tanh", 13, {})):
        name = "_".join([operator.lower(), *map(str, attributes.values())])
        yield expression(name, lambda case, x: case.node(operator, x, **attributes), opset)

    def gated(gate):
        return lambda case, x: case.node("Mul", x, gate(case, x))

    yield expression("silu", gated(lambda case, x: case.node("Sigmoid", x)))
    yield expression("silu_turned", lambda case, x: case.node("Mul", case.node("Sigmoid", x), x))
    yield expression("silu_beta", gated(
        lambda case, x: case.node("Sigmoid", case.node("Mul", x, one(case, 1.702)))))
    yield expression("silu_by_exp", lambda case, x: case.node(
        "Div", x, case.node("Add", case.node("Exp", case.node("Neg", x)), one(case, 1.0))))
    yield expression("sigmoid_by_exp", lambda case, x: case.node(
        "Div", one(case, 1.0), case.node("Add", one(case, 1.0), case.node("Exp", case.node("Neg", x)))))
    yield expression("sigmoid_by_reciprocal", lambda case, x: case.node(
        "Reciprocal", case.node("Add", one(case, 1.0), case.node("Exp", case.node("Neg", x)))))
    yield expression("mish", gated(lambda case, x: case.node("Tanh", case.node("Softplus", x))))
    yield expression("mish_by_log", gated(lambda case, x: case.node(
        "Tanh", case.node("Log", case.node("Add", case.node("Exp", x), one(case, 1.0))))))
    yield expression("hardswish_gated", gated(lambda case, x: case.node("HardSigmoid", x, alpha=1 / 6, beta=0.5)))
    relu6 = lambda case, x: case.node("Clip", case.node("Add", x, one(case, 3.0)), one(case, 0.0), one(case, 6.0))
    yield expression("hardswish_product_first", lambda case, x: case.node(
        "Div", case.node("Mul", x, relu6(case, x)), one(case, 6.0)))
    yield expression("hardswish_quotient_first", gated(
        lambda case, x: case.node("Div", relu6(case, x), one(case, 6.0))))
    yield expression("hardswish_factor", gated(
        lambda case, x: case.node("Mul", relu6(case, x), one(case, 1 / 6))))

    def erf(case, x, operator="Div", factor=2 ** 0.5):
        return case.node("Add", case.node("Erf", case.node(operator, x, one(case, factor))), one(case, 1.0))

    yield expression("gelu_torch", lambda case, x: case.node(
        "Mul", case.node("Mul", x, erf(case, x)), one(case, 0.5)))
    yield expression("gelu_dynamo", lambda case, x: case.node(
        "Mul", case.node("Mul", x, one(case, 0.5)), erf(case, x)))
    yield expression("gelu_half_gate", gated(lambda case, x: case.node("Mul", one(case, 0.5), erf(case, x))))
    yield expression("gelu_factor", gated(
        lambda case, x: case.node("Mul", erf(case, x, "Mul", 0.5 ** 0.5), one(case, 0.5))))

    def tanh(case, x, cube):
        inner = case.node("Add", x, case.node("Mul", cube, one(case, 0.044715)))
        scaled = case.node("Mul", inner, one(case, (2 / np.pi) ** 0.5))
        return case.node("Add", case.node("Tanh", scaled), one(case, 1.0))

    def by_tanh(cube):
        return lambda case, x: case.node(
            "Mul", case.node("Mul", x, one(case, 0.5)), tanh(case, x, cube(case, x)))

    yield expression("gelu_tanh_pow", by_tanh(lambda case, x: case.node("Pow", x, one(case, 3.0))))
    yield expression("gelu_tanh_products", by_tanh(lambda case, x: case.node("Mul", x, case.node("Mul", x, x))))
    yield expression("tanhshrink", lambda case, x: case.node("Sub", x, case.node("Tanh", x)))
    yield expression("logsigmoid", lambda case, x: case.node("Log", case.node("Sigmoid", x)))
    yield expression("isru", lambda case, x: case.node("Div", x, case.node("Sqrt", case.node(
        "Add", case.node("Mul", x, x), one(case, 1.0)))))
    yield expression("softmax_of_two", lambda case, x: case.node(
        "Sigmoid", case.node("Mul", x, one(case, 2.0))))
    yield expression("sigmoid_of_relu", lambda case, x: case.node("Sigmoid", case.node("Relu", x)))
    yield expression("silu_twice", lambda case, x: gated(lambda case, x: case.node("Sigmoid", x))(
        case, case.node("Mul", x, case.node("Sigmoid", x))))
    yield expression("slopes_per_channel", gated(lambda case, x: case.node("Sigmoid", case.node(
        "Mul", x, case.constant(case.numbers.positive(3, 1, 1))))))
    yield expression("residual", lambda case, x: case.node("Add", x, case.node("Tanh", x)))
    yield expression("steep", lambda case, x: case.node("Add", x, case.node("Exp", x)))
    yield expression("flat", lambda case, x: case.node("Mish", case.node("GlobalAveragePool", x)), 18)
