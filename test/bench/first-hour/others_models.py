"""The models of the bench in PyTorch: what a user of PyTorch would run for each, with the inputs of the model file.

Of torchvision, transformers and timm where these have a model; the others, and what none of them has, by themselves. Every
function takes PyTorch and returns the module, for inference, and its inputs. Weights are random but those of RandWire, which are the file's.
"""

import os


def vision(name, side, **options):
    """A model of torchvision and its input."""

    def build(torch, _):
        import torchvision

        model = getattr(torchvision.models, name)(weights=None, **options)
        return folded(torch, model.eval(), (torch.rand(1, 3, side, side),))

    return build


def nasnet(torch, _):
    import timm

    model = timm.create_model("nasnetalarge", pretrained=False)
    return folded(torch, model.eval(), (torch.rand(1, 3, 331, 331),))


def folded(torch, model, inputs):
    """The model with every batch normalization put into the convolution before it, as it is in model files."""
    made, pairs, handles = {}, [], []

    def keep(module, _, out):
        made[id(out)] = (module, out)  # The tensor too: while it is kept no other has its identity.

    def meet(module, args):
        pairs.append((made[id(args[0])][0], module) if id(args[0]) in made else (None, module))

    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d):
            handles.append(module.register_forward_hook(keep))
        elif isinstance(module, torch.nn.BatchNorm2d):
            handles.append(module.register_forward_pre_hook(meet))
    with torch.no_grad():
        model(*inputs)
    for handle in handles:
        handle.remove()
    instead = {}
    for conv, norm in pairs:
        if conv is not None:
            instead[conv] = torch.nn.utils.fuse_conv_bn_eval(conv, norm)
            # Normalizations of timm have an activation of their own.
            instead[norm] = getattr(norm, "act", None) or torch.nn.Identity()
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if child in instead:
                setattr(module, name, instead[child])
    return model.eval(), inputs


def bert(torch, _):
    from transformers import BertConfig, BertModel

    class Model(torch.nn.Module):
        """Without a mask: one of nothing but ones is left out by BertModel too, except while a graph is captured."""

        def __init__(self):
            super().__init__()
            self.inner = BertModel(BertConfig())

        def forward(self, words, types):
            return self.inner(input_ids=words, token_type_ids=types)

    words = torch.randint(0, 1000, (1, 128))
    return Model().eval(), (words, torch.zeros_like(words))


def gpt2(torch, _):
    from transformers import GPT2Config, GPT2LMHeadModel, masking_utils

    # There is one sequence. It is looked for several ones where a graph is captured, as the answer cannot be read there.
    masking_utils.find_packed_sequence_indices = lambda *_, **__: None
    return GPT2LMHeadModel(GPT2Config(use_cache=False)).eval(), (torch.randint(0, 1000, (1, 128)),)


def t5(torch, _):
    from transformers import T5Config, T5ForConditionalGeneration

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = T5ForConditionalGeneration(T5Config(use_cache=False))

        def forward(self, words, started):
            return self.inner(input_ids=words, decoder_input_ids=started)

    words, started = (torch.randint(0, 1000, (1, length)) for length in (128, 32))
    return Model().eval(), (words, started)


def dlrm(torch, _):
    """DLRM with the sizes of its Criteo Kaggle set-up, its tables as bags, which sum the rows that are looked up."""
    tables, width = 26, 16
    vectors = tables + 1

    def dense(*widths):
        layers = []
        for i, (before, after) in enumerate(zip(widths, widths[1:])):
            layers += [torch.nn.Linear(before, after), torch.nn.ReLU()]
        return layers

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.bottom = torch.nn.Sequential(*dense(13, 512, 256, 64, width))
            self.tables = torch.nn.ModuleList(
                torch.nn.EmbeddingBag(1000 << (i % 6), width, mode="sum") for i in range(tables)
            )
            pairs = width + vectors * (vectors - 1) // 2
            self.top = torch.nn.Sequential(*dense(pairs, 512, 256, 1)[:-1], torch.nn.Sigmoid())
            rows, columns = torch.tril_indices(vectors, vectors, -1)
            self.register_buffer("pairs", rows * vectors + columns)
            self.register_buffer("first", torch.zeros(1, dtype=torch.int64))

        def forward(self, numbers, indices):
            bottom = self.bottom(numbers)
            rows = [
                table(indices[i].view(-1), self.first) for i, table in enumerate(self.tables)
            ]
            stacked = torch.stack([bottom, *rows], 1)
            products = torch.bmm(stacked, stacked.transpose(1, 2)).flatten(1)
            return self.top(torch.cat([bottom, products.index_select(1, self.pairs)], 1))

    return Model().eval(), (torch.rand(1, 13), torch.randint(0, 1000, (tables, 1, 1)))


def randwire(name):
    """A network of the file itself, node by node, with its weights."""

    def build(torch, folder):
        import onnx
        from onnx.helper import get_attribute_value
        from onnx.numpy_helper import to_array

        graph = onnx.load(os.path.join(folder, f"{name}.onnx")).graph
        known = {each.name: torch.tensor(to_array(each)) for each in graph.initializer}
        layers, steps = torch.nn.ModuleList(), []
        for node in graph.node:
            has = {each.name: get_attribute_value(each) for each in node.attribute}
            if all(each in known for each in node.input):
                known[node.output[0]] = constant_of(torch, node, has, known, to_array)
                continue
            if node.op_type in ("Conv", "Gemm"):
                weights = [known[each] for each in node.input[1:]]
                layers.append((convolution if node.op_type == "Conv" else linear)(torch, has, *weights))
                steps.append((len(layers) - 1, [node.input[0]], node.output[0]))
            else:
                steps.append((node.op_type, list(node.input), node.output[0]))
        plain = {
            "Relu": torch.relu,
            "Add": torch.add,
            "GlobalAveragePool": lambda x: torch.nn.functional.adaptive_avg_pool2d(x, 1),
            "Flatten": lambda x: torch.flatten(x, 1),
        }
        source, target = graph.input[0].name, graph.output[0].name

        class Model(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = layers

            def forward(self, x):
                values = {source: x}
                for what, inputs, output in steps:
                    run = plain[what] if isinstance(what, str) else self.layers[what]
                    values[output] = run(*[values[each] for each in inputs])
                return values[target]

        return Model().eval(), (torch.rand(1, 3, 224, 224),)

    return build


def constant_of(torch, node, has, known, to_array):
    """What a node computes that is the same for every input."""
    inputs = [known[each] for each in node.input]
    if node.op_type == "ConstantOfShape":
        return torch.full(inputs[0].tolist(), float(to_array(has["value"])[0]))
    if node.op_type == "Slice":
        data, starts, ends = inputs
        return data[tuple(slice(a, b) for a, b in zip(starts.tolist(), ends.tolist()))]
    return {"Mul": torch.mul, "Add": torch.add}[node.op_type](*inputs)


def convolution(torch, has, weight, bias=None):
    up, left, down, right = has.get("pads", [0, 0, 0, 0])
    if (up, left) != (down, right):
        raise ValueError("pads differ between sides")
    groups = has.get("group", 1)
    made = torch.nn.Conv2d(
        weight.shape[1] * groups, weight.shape[0], tuple(weight.shape[2:]), has.get("strides", 1),
        (up, left), has.get("dilations", 1), groups, bias is not None,
    )  # fmt: skip
    return with_weights(torch, made, weight, bias)


def linear(torch, has, weight, bias):
    made = torch.nn.Linear(weight.shape[1], weight.shape[0])
    return with_weights(torch, made, weight if has.get("transB") else weight.T, bias)


def with_weights(torch, module, weight, bias):
    with torch.no_grad():
        module.weight.copy_(weight)
        if bias is not None:
            module.bias.copy_(bias)
    return module


MODELS = {
    "googlenet": vision("googlenet", 224, init_weights=False, aux_logits=False),
    "inception-v3": vision("inception_v3", 299, init_weights=False, aux_logits=False),
    "squeezenet": vision("squeezenet1_1", 224),
    "resnet50": vision("resnet50", 224),
    "swin-t": vision("swin_t", 224),
    "bert-base": bert,
    "gpt2": gpt2,
    "t5-small": t5,
    "dlrm": dlrm,
    "nasnet-a-large": nasnet,
    "randwire-1": randwire("randwire-1"),
    "randwire-2": randwire("randwire-2"),
}
