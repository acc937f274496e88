"""Writes the node tests of the installed onnx package as folders: model.onnx, test_data_set_0/*.pb.

Usage: python3 test/conformance/write-node-tests.py FOLDER
Needs: python3 -m pip install onnx==1.23.1
"""

import pathlib
import sys

import onnx
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases


def encoded(value, name):
    """The bytes of a tensor; None for sequences, optional values and maps, which have no sizes."""
    if isinstance(value, onnx.TensorProto):
        return value.SerializeToString()
    if value is None or isinstance(value, (list, dict)):
        return None
    return numpy_helper.from_array(value, name).SerializeToString()


def write(case, folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(case.model.SerializeToString())
    for at, values in enumerate(case.data_sets):
        data = folder / f"test_data_set_{at}"
        data.mkdir(exist_ok=True)
        graph = case.model.graph
        for kind, infos, tensors in zip(("input", "output"), (graph.input, graph.output), values):
            for place, (info, value) in enumerate(zip(infos, tensors)):
                content = encoded(value, info.name)
                if content is not None:
                    (data / f"{kind}_{place}.pb").write_bytes(content)


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1])
    tests = collect_testcases()
    for test in tests:
        write(test, target / test.name)
    print(f"{len(tests)} node tests of onnx {onnx.__version__}")
