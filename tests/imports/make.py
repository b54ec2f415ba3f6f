#!/usr/bin/env python3
"""Makes small ONNX networks and what onnxruntime computes with them.

    make.py CASES.zip                      the matrix: operators, attributes, operator sets, types
    make.py CASES.zip --random N --seed S  N random graphs of supported operators

For a case NAME the archive holds NAME.onnx, NAME.in (the input) and NAME.out (the first output), both as little-endian
float32. Networks that onnxruntime does not take are left out and counted, faulty files excepted: they have no NAME.out, and
have to be refused.
"""
import argparse
import sys
import zipfile

try:
    import numpy as np
    import onnx
    import onnxruntime
except ImportError as error:
    print(f"skipped: {error.name} is not installed; pip install onnx onnxruntime makes this possible")
    sys.exit(0)

import matrix
import randomly

# The same archive whenever the same cases are made.
DATE = (2020, 1, 1, 0, 0, 0)


def truth(case):
    """The first output of onnxruntime, or None if it does not take the network."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(
            case.model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        entry = session.get_inputs()[0]
        kind = {"tensor(float)": np.float32, "tensor(uint8)": np.uint8, "tensor(double)": np.float64,
                "tensor(float16)": np.float16, "tensor(int64)": np.int64, "tensor(int32)": np.int32,
                "tensor(int8)": np.int8}[entry.type]
        return session.run(None, {entry.name: case.input.astype(kind)})[0]
    except Exception as error:  # onnxruntime has many kinds of its own
        case.refused = str(error).splitlines()[0]
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive")
    parser.add_argument("--random", type=int, metavar="N", help="N random graphs in the place of the matrix")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true", help="name the cases that onnxruntime refuses")
    arguments = parser.parse_args()
    cases = randomly.cases(arguments.random, arguments.seed) if arguments.random else matrix.cases()
    written, refused = 0, 0
    with zipfile.ZipFile(arguments.archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:

        def add(name, data):
            info = zipfile.ZipInfo(name, DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)

        for case in cases:
            output = truth(case)
            finite = output is not None and np.isfinite(output.astype(np.float64)).all()
            if not finite:
                refused += 1
                if arguments.verbose:
                    print(f"{case.name}: {getattr(case, 'refused', 'not finite')}")
            if not finite and not case.name.startswith(matrix.FAULT):
                continue
            add(f"{case.name}.onnx", case.model.SerializeToString())
            add(f"{case.name}.in", case.input.astype("<f4").tobytes())
            if finite:
                add(f"{case.name}.out", output.astype("<f4").tobytes())
            written += 1
    print(f"{written} cases; onnxruntime does not take {refused} networks")


if __name__ == "__main__":
    main()
