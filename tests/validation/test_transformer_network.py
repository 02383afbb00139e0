"""One transformer against the same in torch.nn, and many together against each by itself."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from geneft_theory import InvalidInput
from validation.tasks import training_pairs
from validation.transformer import TransformerSettings, computation
from validation.transformer.batch import Batch
from validation.transformer.initial import initial_parameters, shapes
from validation.transformer.network import Transformers

SMALL = {"modulus": 7, "embedding_dimension": 12, "heads": 3, "hidden_width": 10, "frequencies": 2, "steps": 40}
BASE = TransformerSettings(seed=1, training_seed=2, embedding_scale=0.5, eta_encoder=3e-3, eta_decoder=2e-3, **SMALL)
SHAPES = [{}, {"layers": 2}, {"activation": "gelu", "heads": 1}, {"heads": 12, "hidden_width": 3, "layers": 3}]


@pytest.fixture(autouse=True)
def one_thread():
    """Operations as short as these lose more by meeting at a barrier than they gain."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class Block(nn.Module):
    """Attention and MLP as torch has them, each behind a layer normalisation."""

    def __init__(self, settings):
        super().__init__()
        width = settings.embedding_dimension
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.attention = nn.MultiheadAttention(width, settings.heads, batch_first=True)
        activation = {"relu": nn.ReLU, "gelu": nn.GELU}[settings.activation]()
        self.mlp = nn.Sequential(
            nn.Linear(width, settings.hidden_width), activation, nn.Linear(settings.hidden_width, width)
        )

    def forward(self, stream):
        values = self.norms[0](stream)
        forbidden = torch.tensor([[False, True], [False, False]])
        stream = stream + self.attention(values, values, values, attn_mask=forbidden, need_weights=False)[0]
        return stream + self.mlp(self.norms[1](stream))


class Reference(nn.Module):
    """The same transformer in modules of torch.nn, with the initial values of the one that is tested."""

    def __init__(self, settings):
        super().__init__()
        width = settings.embedding_dimension
        self.embeddings = nn.Embedding(settings.modulus, width)
        self.positions = nn.Parameter(torch.zeros(2, width))
        self.blocks = nn.ModuleList([Block(settings) for _ in range(settings.layers)])
        self.norm = nn.LayerNorm(width)
        self.classifier = nn.Linear(2 * width, settings.modulus)
        own = {name: torch.from_numpy(value) for name, value in initial_parameters(settings).items()}
        with torch.no_grad():
            self.embeddings.weight.copy_(own["embeddings"])
            self.positions.copy_(own["positions"])
            for layer, block in enumerate(self.blocks):
                self._fill(block, {name: own[f"layer{layer}.{name}"] for name in LAYER})
            self._linear(self.classifier, own, "classifier")

    def _fill(self, block, own):
        parts = ("query", "key", "value")
        block.attention.in_proj_weight.copy_(torch.cat([own[f"attention.{part}.weight"].t() for part in parts]))
        block.attention.in_proj_bias.copy_(torch.cat([own[f"attention.{part}.bias"] for part in parts]))
        self._linear(block.attention.out_proj, own, "attention.output")
        self._linear(block.mlp[0], own, "mlp.hidden")
        self._linear(block.mlp[2], own, "mlp.output")

    @staticmethod
    def _linear(module, own, name):
        module.weight.copy_(own[f"{name}.weight"].t())
        module.bias.copy_(own[f"{name}.bias"])

    def forward(self, pairs):
        stream = self.embeddings(pairs) + self.positions
        for block in self.blocks:
            stream = block(stream)
        return self.classifier(self.norm(stream).flatten(1))


LAYER = [name.removeprefix("layer0.") for name in shapes(BASE) if name.startswith("layer0.")]


def pairs_of(settings):
    """The training pairs (samples, 2) and their sums, by another route than the trainer's."""
    numbers = training_pairs(
        settings.modulus, settings.training_fraction, seed=settings.training_seed, sweep_seed=settings.sweep_seed
    )
    pairs = torch.tensor([divmod(number, settings.modulus) for number in numbers.tolist()])
    return pairs, pairs.sum(1) % settings.modulus


@pytest.mark.parametrize("shape", SHAPES)
def test_outputs_are_those_of_torchs_modules(shape):
    settings = replace(BASE, **shape)
    pairs, _ = pairs_of(settings)
    own = Transformers([settings], torch.device("cpu")).logits(pairs.t().unsqueeze(0))
    torch.testing.assert_close(own[0], Reference(settings)(pairs), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_are_those_of_torchs_modules(shape):
    settings = replace(BASE, **shape)
    pairs, sums = pairs_of(settings)
    reference = Reference(settings)
    nn.functional.cross_entropy(reference(pairs), sums).backward()
    batch = Batch([settings], "cpu")
    sizes = [int(np.prod(shape)) for shape in shapes(settings).values()]
    gradient = dict(zip(shapes(settings), torch.split(batch.gradient()[0], sizes), strict=True))

    def compare(name, expected):
        torch.testing.assert_close(gradient[name].view(expected.shape), expected, rtol=1e-4, atol=1e-6)

    compare("embeddings", reference.embeddings.weight.grad)
    compare("positions", reference.positions.grad)
    compare("classifier.weight", reference.classifier.weight.grad.t())
    compare("norm.scale", reference.norm.weight.grad)
    for layer, block in enumerate(reference.blocks):
        of_queries, _, of_values = block.attention.in_proj_weight.grad.chunk(3)
        compare(f"layer{layer}.attention.query.weight", of_queries.t())
        compare(f"layer{layer}.attention.value.weight", of_values.t())
        compare(f"layer{layer}.attention.norm.shift", block.norms[0].bias.grad)
        compare(f"layer{layer}.mlp.hidden.weight", block.mlp[0].weight.grad.t())


def test_training_is_that_of_torchs_adamw_with_decay_on_the_decoder_alone():
    settings = replace(BASE, layers=2, weight_decay=0.7)
    pairs, sums = pairs_of(settings)
    reference, batch = Reference(settings), Batch([settings], "cpu")
    table = reference.embeddings.weight
    rest = [parameter for parameter in reference.parameters() if parameter is not table]
    optimiser = torch.optim.AdamW(
        [
            {"params": [table], "lr": settings.eta_encoder, "weight_decay": 0.0},
            {"params": rest, "lr": settings.eta_decoder, "weight_decay": settings.weight_decay},
        ]
    )
    for _ in range(25):
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(reference(pairs), sums)
        loss.backward()
        optimiser.step()
        batch.advance()
    own = batch.transformers.embeddings()[0]
    # Adam turns a gradient that is rounding noise into a whole step: a few entries may differ by some.
    moved = np.abs(own - initial_parameters(settings)["embeddings"]).max()
    assert moved > 0.02
    np.testing.assert_allclose(own, table.detach().numpy(), rtol=0, atol=1e-3 * moved)
    with torch.no_grad():
        losses = [
            float(nn.functional.cross_entropy(logits, sums))
            for logits in (batch.transformers.logits(pairs.t().unsqueeze(0))[0], reference(pairs))
        ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


@pytest.mark.parametrize("shape", SHAPES)
def test_several_as_one_computation_are_each_as_by_itself(shape):
    """To rounding: the batch takes other paths through the library, which a GPU takes for all."""
    networks = [
        replace(BASE, **shape),
        replace(BASE, seed=5, weight_decay=0.0, **shape),
        replace(BASE, training_seed=7, eta_decoder=1e-2, **shape),
    ]
    together = Batch(networks, "cpu")
    alone = [Batch([network], "cpu") for network in networks]
    torch.testing.assert_close(together.gradient(), torch.cat([one.gradient() for one in alone]), rtol=1e-4, atol=1e-6)
    for batch in (together, *alone):
        for _ in range(5):
            batch.advance()
    tables = together.transformers.embeddings()
    np.testing.assert_allclose(tables, np.concatenate([one.transformers.embeddings() for one in alone]), atol=1e-4)


def test_the_first_token_does_not_see_the_second():
    transformers = Transformers([BASE], torch.device("cpu"))
    seen = []

    def look(values):
        seen.append(values.detach())
        return values

    for second in (0, 3):
        transformers.logits(torch.tensor([[[2], [second]]]), look)
    before, after = seen[1], seen[4]
    torch.testing.assert_close(before[:, 0], after[:, 0], rtol=0, atol=0)
    assert not torch.equal(before[:, 1], after[:, 1])


def test_seeds_share_what_they_should():
    start = initial_parameters(BASE)
    same = initial_parameters(replace(BASE, weight_decay=0.0, dropout=0.2, training_seed=9, steps=3))
    assert all(np.array_equal(start[name], same[name]) for name in start)
    other = initial_parameters(replace(BASE, seed=9))
    assert not np.array_equal(start["embeddings"], other["embeddings"])
    assert start["classifier.bias"].dtype == np.float32
    bound = 1 / np.sqrt(2 * BASE.embedding_dimension)
    assert 0.8 * bound < np.abs(start["classifier.weight"]).max() <= bound
    assert computation(BASE) == computation(replace(BASE, seed=9, training_seed=4, weight_decay=0.1, threshold=0.5))
    assert computation(BASE) != computation(replace(BASE, dropout=0.1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"modulus": 2}, "modulus must be an integer >= 3"),
        ({"modulus": 7.0}, "modulus must be an integer"),
        ({"modulus": 10**6}, "modulus must be an integer >= 3 and <= 1000"),
        ({"training_fraction": 0.0}, "training_fraction must lie in"),
        ({"training_fraction": 0.999}, "training_fraction must leave pairs to hold out"),
        ({"training_fraction": float("nan")}, "training_fraction must lie in"),
        ({"seed": -1}, "seed must be an integer >= 0"),
        ({"training_seed": True}, "training_seed must be an integer >= 0"),
        ({"heads": 5}, "embedding_dimension must be a multiple of heads = 5; got 12"),
        ({"layers": 0}, "layers must be an integer >= 1"),
        ({"hidden_width": 10**9}, "hidden_width must be an integer >= 1 and <= 65536"),
        ({"activation": "tanh"}, "activation must be one of relu, gelu"),
        ({"dropout": 1.0}, "dropout must lie in"),
        ({"dropout": -0.1}, "dropout must lie in"),
        ({"embedding_scale": 0}, "embedding_scale must lie in"),
        ({"eta_decoder": -1e-3}, "eta_decoder must lie in"),
        ({"eta_encoder": float("inf")}, "eta_encoder must lie in"),
        ({"weight_decay": -1}, "weight_decay must lie in"),
        ({"beta_second": 1.0}, "beta_second must lie in"),
        ({"steps": 0}, "steps must be an integer >= 1"),
        ({"check_every": 0}, "check_every must be an integer >= 1"),
        ({"records": 1}, "records must be an integer >= 2"),
        ({"threshold": 0.0}, "threshold must lie in"),
        ({"frequencies": 4}, "frequencies must be an integer >= 1 and <= 3"),
    ],
)
def test_settings_outside_their_domain_are_refused(changes, message):
    with pytest.raises(InvalidInput, match=message):
        replace(BASE, **changes)
