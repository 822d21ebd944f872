"""A network as an ONNX file: raw numbers and text in, predictions out, for onnxruntime and its like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

import numpy as np

from sturgeon.data.features.scale import FARTHEST
from sturgeon.errors import InputError
from sturgeon.frameworks.export.description import DESCRIPTION_FILE, Description
from sturgeon.frameworks.export.form import Form, Run
from sturgeon.frameworks.export.parts import LEAST, Category, Layers, NetworkParts, Ranges

OUTPUT = "prediction"
_OPSETS = {"": 17, "ai.onnx.ml": 3}  # old enough for every runtime that is still in use
_OF_PIECES = ("feature", "slope", "offset", "scale", "shift")
_IR_VERSION = 8


@final
class OnnxForm(Form):
    """An ``.onnx`` file; the description is in its metadata."""

    name = "onnx"
    title = "ONNX"
    extra = "onnx"
    modules = ("onnx", "onnxruntime")
    ending = ".onnx"

    def write(self, parts: NetworkParts, description: Description, path: Path) -> None:
        """Put the graph together, check it, and save it."""
        import onnx

        model = _Graph(parts, description).model()
        onnx.helper.set_model_props(model, {DESCRIPTION_FILE: description.to_json()})
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, path)

    def describe(self, path: Path) -> str | None:
        """Read the description out of the file's metadata."""
        import onnx
        from google.protobuf.message import DecodeError

        try:
            model = onnx.load(path, load_external_data=False)
        except (OSError, DecodeError):
            return None
        found = {each.key: each.value for each in model.metadata_props}
        return found.get(DESCRIPTION_FILE)

    def open(self, path: Path, description: Description) -> Run:
        """Start a session of onnxruntime on a processor."""
        import onnxruntime

        try:
            session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors have no base of their own
            raise InputError(
                f"An .onnx file must be one that onnxruntime can run; got {str(path)!r} "
                f"({str(error).splitlines()[0]}). Export the study again."
            ) from error

        def run(columns: Mapping[str, np.ndarray]) -> np.ndarray:
            inputs = {description.inputs[name]: column[:, None] for name, column in columns.items()}
            return np.asarray(session.run([OUTPUT], inputs)[0])

        return run


class _Graph:
    """The graph, node by node; names hold a dot, so that no column's name can be theirs."""

    def __init__(self, parts: NetworkParts, description: Description) -> None:
        import onnx

        self._onnx = onnx
        self._parts = parts
        self._names = description.inputs
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def model(self) -> Any:
        """The whole model."""
        helper, types, parts = self._onnx.helper, self._onnx.TensorProto, self._parts
        features = [self._number_features()] if parts.numbers.columns else []
        features += [self._category_features(category) for category in parts.categories]
        flow = self._node("Concat", *features, axis=1)
        if parts.pieces is not None:
            flow = self._node("Concat", flow, self._piece_inputs(parts.pieces, flow), axis=1)
        raw = [self._raw_outputs(flow, number, member) for number, member in enumerate(parts.members)]
        if len(raw) > 1:
            outputs = self._weighted_mean(raw)
        else:
            outputs = raw[0]
        if parts.temperature != 1:
            self._node("Softmax", self._cooled(outputs), name=OUTPUT, axis=1)
        elif parts.scale is None and len(raw) > 1:
            self._node("Identity", outputs, name=OUTPUT)
        elif parts.scale is None:
            self._node("Softmax", outputs, name=OUTPUT, axis=1)
        else:
            wide = self._node("Cast", outputs, to=types.DOUBLE)
            spread = self._node("Mul", wide, self._constant("target.std", np.array([parts.scale.std])))
            mean = self._constant("target.mean", np.array([parts.scale.mean]))
            if parts.bounds is None:
                self._node("Add", spread, mean, name=OUTPUT)
            else:
                bounds = np.array([parts.bounds.low]), np.array([parts.bounds.high])
                self._moved_into("target", self._node("Add", spread, mean), *bounds, name=OUTPUT)
        inputs = [self._input(name, types.DOUBLE) for name in parts.numbers.columns]
        inputs += [self._input(category.column, types.STRING) for category in parts.categories]
        kind = types.FLOAT if parts.scale is None else types.DOUBLE
        output = helper.make_tensor_value_info(OUTPUT, kind, ["rows", parts.outputs])
        graph = helper.make_graph(self._nodes, "sturgeon", inputs, [output], self._constants)
        opsets = [helper.make_opsetid(domain, version) for domain, version in _OPSETS.items()]
        return helper.make_model(
            graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="sturgeon"
        )

    def _raw_outputs(self, flow: str, number: int, member: Layers) -> str:
        """What one network says of the features."""
        of = f"member.{number}." if len(self._parts.members) > 1 else ""
        for depth, layer in enumerate(member.hidden):
            z = self._node("MatMul", flow, self._constant(f"{of}kernel.{depth}", layer.kernel))
            norm = [
                self._constant(f"{of}{name}.{depth}", getattr(layer, name))
                for name in ("gamma", "beta", "mean", "variance")
            ]
            normal = self._node("BatchNormalization", z, *norm, epsilon=member.norm_epsilon)
            flow = self._node({"relu": "Relu", "tanh": "Tanh"}[member.activation], normal)
        last = (
            self._constant(f"{of}last.kernel", member.last),
            self._constant(f"{of}last.bias", member.bias),
        )
        return self._node("Gemm", flow, *last)

    def _weighted_mean(self, raw: Sequence[str]) -> str:
        """The mean of the networks' probabilities, or of their numbers in standard units."""
        weighted = []
        for number, (outputs, member) in enumerate(zip(raw, self._parts.members, strict=True)):
            answers = self._node("Softmax", outputs, axis=1) if self._parts.scale is None else outputs
            weight = self._constant(f"member.{number}.weight", np.array([member.weight], np.float32))
            weighted.append(self._node("Mul", answers, weight))
        return self._node("Sum", *weighted)

    def _cooled(self, probabilities: str) -> str:
        """The logarithms of probabilities over the temperature."""
        least = self._constant("least", np.array([LEAST], np.float32))
        logits = self._node("Log", self._node("Max", probabilities, least))
        temperature = self._constant("temperature", np.array([self._parts.temperature], np.float32))
        return self._node("Div", logits, temperature)

    def _number_features(self) -> str:
        numbers, types = self._parts.numbers, self._onnx.TensorProto
        raw = self._node("Concat", *(self._names[name] for name in numbers.columns), axis=1)
        missing = self._node("IsNaN", raw)
        filled = self._node("Where", missing, self._constant("numbers.fill", numbers.fill), raw)
        known = [filled, self._node("Cast", missing, to=types.DOUBLE), *self._sines_and_cosines(filled)]
        both = self._node("Concat", *known, axis=1)
        chosen = self._node("Gather", both, self._constant("numbers.chosen", numbers.chosen), axis=1)
        std = self._constant("numbers.std", numbers.std)
        if numbers.bounded:
            inside = self._moved_into("numbers", chosen, numbers.low, numbers.high)
        else:
            inside = chosen
        centred = self._node("Sub", inside, self._constant("numbers.mean", numbers.mean))
        normal = self._node("Div", centred, std)
        if numbers.bounded:
            excess = self._node("Div", self._node("Sub", chosen, inside), std)
            normal = self._node("Add", normal, self._compressed(excess))
        return self._node("Cast", normal, to=types.FLOAT)

    def _piece_inputs(self, pieces: Ranges, flow: str) -> str:
        constants = {name: self._constant(f"pieces.{name}", getattr(pieces, name)) for name in _OF_PIECES}
        share = self._node(
            "Mul", self._node("Gather", flow, constants["feature"], axis=1), constants["slope"]
        )
        share = self._node("Add", share, constants["offset"])
        ends = np.zeros(1, np.float32), np.ones(1, np.float32)
        share = self._moved_into("pieces", share, *ends)
        return self._node("Add", self._node("Mul", share, constants["scale"]), constants["shift"])

    def _sines_and_cosines(self, filled: str) -> list[str]:
        """Of all cycles of dates, each ``[rows, 1]``."""
        numbers, found = self._parts.numbers, []
        for number, place in enumerate(numbers.places):
            position = self._constant(f"cycles.{number}", np.array([place], np.int64))
            found.append(_Value(self, self._node("Gather", filled, position, axis=1)))
        angles = numbers.find_angles(found, _Value.floor)
        # A cosine as a sine, as onnxruntime has no cosine of float64.
        return [self._node("Sin", each.name) for each in (*angles, *(angle + np.pi / 2 for angle in angles))]

    def _compressed(self, excess: str) -> str:
        """e/√(1 + e²)."""
        excess = self._moved_into("excess", excess, np.array([-FARTHEST]), np.array([FARTHEST]))
        square = self._node("Mul", excess, excess)
        root = self._node("Sqrt", self._node("Add", square, self._constant("one", np.array([1.0]))))
        return self._node("Div", excess, root)

    def _moved_into(self, of: str, values: str, low: np.ndarray, high: np.ndarray, name: str = "") -> str:
        """Values moved into a range."""
        raised = self._node("Max", values, self._constant(f"{of}.low", low))
        return self._node("Min", raised, self._constant(f"{of}.high", high), name=name)

    def _category_features(self, category: Category) -> str:
        name, count = self._names[category.column], len(category.texts)
        place = self._node(
            "LabelEncoder",
            name,
            domain="ai.onnx.ml",
            keys_strings=list(category.texts),
            values_int64s=list(range(1, count + 1)),
            default_int64=0,
        )
        rows = self._node("Gather", self._constant(f"{name}.rows", category.rows), place, axis=0)
        return self._node("Flatten", rows, axis=1)

    def _input(self, column: str, kind: int) -> Any:
        return self._onnx.helper.make_tensor_value_info(self._names[column], kind, ["rows", 1])

    def _constant(self, name: str, value: np.ndarray) -> str:
        self._constants.append(self._onnx.numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def _node(self, kind: str, *inputs: str, name: str = "", domain: str = "", **attributes: Any) -> str:
        """Add a node with one output; return the output's name."""
        name = name or f"{kind}.{len(self._nodes)}"
        made = self._onnx.helper.make_node(kind, list(inputs), [name], domain=domain, **attributes)
        self._nodes.append(made)
        return name

    def number(self, value: float) -> str:
        """A constant of one number, float64; the same for equal ones."""
        name = f"number.{value!r}"
        if name not in {each.name for each in self._constants}:
            self._constant(name, np.array([value]))
        return name

    def compute(self, kind: str, *inputs: str) -> str:
        """Add a node without attributes; return the output's name."""
        return self._node(kind, *inputs)


class _Value:
    """A float64 output of a node, for arithmetic that is written for any framework's arrays."""

    def __init__(self, graph: _Graph, name: str) -> None:
        self._graph = graph
        self.name = name

    def floor(self) -> _Value:
        """Rounded down."""
        return _Value(self._graph, self._graph.compute("Floor", self.name))

    def __add__(self, other: _Value | float) -> _Value:
        return self._with("Add", other)

    def __sub__(self, other: _Value | float) -> _Value:
        return self._with("Sub", other)

    def __mul__(self, other: _Value | float) -> _Value:
        return self._with("Mul", other)

    def __truediv__(self, other: _Value | float) -> _Value:
        return self._with("Div", other)

    def _with(self, kind: str, other: _Value | float) -> _Value:
        name = other.name if isinstance(other, _Value) else self._graph.number(float(other))
        return _Value(self._graph, self._graph.compute(kind, self.name, name))
