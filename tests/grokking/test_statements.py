"""The statements on grokking: counts by brute force, propositions on finite models, the flow entry by entry."""

import itertools

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory import InvalidInput, Status, catalogue, grokking
from geneft_theory.grokking import TrainingSet, TrainingSets, addition
from geneft_theory.grokking.derivations.flow import small_flow
from geneft_theory.symbolic import GradientFlow


def table(p):
    return [(i, j) for i in range(p) for j in range(i, p)]


def permissible(pairs):
    return [(q, r) for q, r in itertools.combinations(pairs, 2) if sum(q) == sum(r)]


def flow_of(pairs, p, d=1, mean=False):
    """Return the gradient flow of the effective loss, written out parallelogram by parallelogram."""
    e = sympy.Matrix(p, d, lambda k, axis: sympy.Symbol(f"E_{k}{axis}", real=True))
    defects = [e[q[0], :] + e[q[1], :] - e[r[0], :] - e[r[1], :] for q, r in permissible(pairs)]
    loss = sum(entry**2 for defect in defects for entry in defect) / (len(defects) if mean else 1)
    return GradientFlow(loss / sum(entry**2 for entry in e), dict.fromkeys(e, 1)), e


@pytest.mark.parametrize("p", range(2, 25))
def test_the_number_of_parallelograms_of_the_addition_table(p):
    number = float(catalogue["grokking.permissible.addition"](p=p))
    assert number == pytest.approx(len(permissible(table(p))), rel=1e-13)
    assert (p - 1) * (p + 1) * (2 * p - 3) // 24 == len(permissible(table(p)))


def test_read_literally_eq_1_has_a_floor_of_rqi_that_the_paper_does_not_have():
    # CORRECTED: ordered pairs of pairs, trivial ones included.
    literal = [(q, r) for q in table(10) for r in table(10) if sum(q) == sum(r)]
    assert len(literal) == 195
    assert len(permissible(table(10))) == 70
    embeddings = np.random.default_rng(0).standard_normal((400, 10, 1))
    sums = {q: embeddings[:, q[0], 0] + embeddings[:, q[1], 0] for q in table(10)}
    deviation = embeddings[:, :, 0].std(axis=1, ddof=1)
    made = np.mean([np.abs(sums[q] - sums[r]) <= 0.1 * deviation for q, r in literal], axis=0)
    assert made.min() >= 55 / 195 > 0.28
    quality = grokking.rqi(embeddings)
    np.testing.assert_allclose(made, (55 + 2 * 70 * quality) / 195)
    assert np.median(quality) < 0.05


def test_the_permissible_statement_is_the_set_of_two_different_pairs_with_one_sum():
    statement = catalogue["grokking.permissible"].expression.rhs
    shown = {(0, 2), (1, 1), (0, 3), (2, 2)}
    i, j, m, n = sympy.symbols("i j m n", integer=True, nonnegative=True)
    members = []
    for quadruple in itertools.product(range(4), repeat=4):
        value = statement.subs(dict(zip((i, j, m, n), quadruple, strict=True)))
        value = value.replace(lambda term: term.func == sympy.Function("D"), lambda term: int(term.args in shown))
        if value == 1:
            members.append((quadruple[:2], quadruple[2:]))
    assert sorted(members) == [((0, 2), (1, 1)), ((1, 1), (0, 2))]


def models():
    """Every decoder of the sums of every three embeddings on {0, 1, 2}, with five targets."""
    for embeddings in itertools.product(range(3), repeat=3):
        for decoder in itertools.product(range(5), repeat=5):
            fitted = [q for q in table(3) if decoder[embeddings[q[0]] + embeddings[q[1]]] == sum(q)]
            yield embeddings, decoder, fitted


def test_propositions_on_all_finite_models():
    first, second, without_injectivity = 0, 0, 0
    for embeddings, decoder, fitted in models():
        for q, r in itertools.combinations(fitted, 2):
            closed = embeddings[q[0]] + embeddings[q[1]] == embeddings[r[0]] + embeddings[r[1]]
            if closed:
                first += 1
                assert sum(q) == sum(r)
            if sum(q) == sum(r):
                if len(set(decoder)) == len(decoder):
                    second += 1
                    assert closed
                without_injectivity += not closed
    assert first > 0
    assert second > 0
    assert without_injectivity > 0, "injectivity would be superfluous"


def test_the_motion_by_hand():
    # One parallelogram, E = (1, 0, 0): the velocity has the sum 2, which a conserved C would forbid.
    flow, e = flow_of([(0, 2), (1, 1)], 3)
    values = dict(zip(e, (1, 0, 0), strict=True))
    velocity = [flow.equations_of_motion[entry].subs(values) for entry in e]
    assert velocity == [0, 4, -2]
    assert flow.rate_of_change(sum(e)).subs(values) == 2


def test_an_eigenvector_is_stationary_although_its_linear_part_is_not():
    flow, e = flow_of([(0, 2), (1, 1)], 3)
    saddle = dict(zip(e, (1, -2, 1), strict=True))
    assert [flow.equations_of_motion[entry].subs(saddle) for entry in e] == [0, 0, 0]
    assert flow.loss.subs(saddle) == 6
    rate = 2 * 6 / sympy.Integer(6)  # g = 6, N = 1, Z_0 = 6
    assert catalogue["grokking.stationary"](rate=float(rate), squared_norm=6) == 6


def test_one_parallelogram_decays_at_12_over_the_norm():
    flow, e = flow_of([(0, 2), (1, 1)], 3)
    ratio = (e[0] + e[2] - 2 * e[1]) / (e[0] - e[2])
    norm = sum(entry**2 for entry in e)
    assert sympy.simplify(flow.rate_of_change(ratio) + 12 / norm * ratio) == 0


@pytest.mark.parametrize(
    ("pairs", "p", "d"),
    [(table(3), 3, 1), (table(3), 3, 2), (table(4), 4, 1), ([(0, 2), (1, 1), (1, 3), (2, 2)], 4, 1)],
)
def test_what_is_conserved_is_found_and_is_the_norm_alone(pairs, p, d):
    flow, e = flow_of(pairs, p, d)
    assert [sympy.expand(each) for each in flow.polynomial_invariants(2)] == [sum(entry**2 for entry in e)]


@pytest.mark.parametrize("pairs", [[(0, 2), (1, 1)], table(4)])
def test_the_centre_is_conserved_only_where_it_is_zero(pairs):
    # CORRECTED: Appendix F claims it everywhere.
    p = 1 + max(max(pair) for pair in pairs)
    flow, e = flow_of(pairs, p)
    total, norm = sum(e), sum(entry**2 for entry in e)
    assert sympy.simplify(flow.rate_of_change(total) - 2 * flow.loss / norm * total) == 0
    assert total not in flow.polynomial_invariants(1)
    centred = flow.restrict({e[p - 1]: -sum(e[:-1])})
    assert len(centred.variables) == p - 1
    with pytest.raises(InvalidInput, match="invariant set"):
        flow.restrict({e[p - 1]: 1 - sum(e[:-1])})


def test_under_the_loss_alone_the_centre_is_conserved():
    e = sympy.symbols("E_0:3", real=True)
    flow = GradientFlow((e[0] + e[2] - 2 * e[1]) ** 2, dict.fromkeys(e, 1))
    assert sympy.simplify(flow.rate_of_change(sum(e))) == 0
    assert len(flow.polynomial_invariants(1)) == 2


def test_zero_modes_keep_their_ratio():
    e = small_flow().variables
    assert small_flow().rate_of_change(sum(e) / (e[2] - e[0])) == 0
    assert small_flow().rate_of_change(e[2] - e[0]) != 0


@given(st.integers(0, 10_000))
def test_the_class_formula_is_the_sum_over_parallelograms(seed):
    training_set = TrainingSets.draw(addition(6), size=12, draws=1, seed=seed)[0]
    pairs = [tuple(pair) for pair in training_set.pairs.tolist()]
    rows = [np.bincount(q, minlength=6) - np.bincount(r, minlength=6) for q, r in permissible(pairs)]
    enumerated = sum((np.outer(row, row) for row in rows), np.zeros((6, 6)))
    np.testing.assert_array_equal(grokking.gram(training_set), enumerated)
    sizes = np.bincount([sum(pair) for pair in pairs], minlength=11)
    assert len(rows) == sum(sizes * (sizes - 1) // 2)


@given(st.integers(15, 55), st.integers(0, 10_000), st.sampled_from(["paper", "code", "mean_unbiased", "sum_unit"]))
def test_statements_and_functions_are_the_same_numbers(size, seed, convention):
    training_set = TrainingSets.draw(addition(10), size=size, draws=1, seed=seed)[0]
    eigenvalue = np.linalg.eigvalsh(grokking.gram(training_set).astype(float))[2]
    parallelograms = len(permissible([tuple(pair) for pair in training_set.pairs.tolist()]))
    divisor = {"paper": parallelograms, "mean_unbiased": parallelograms}.get(convention, 1)
    norm = {"paper": 10, "code": 9, "mean_unbiased": 9, "sum_unit": 1}[convention]
    rate = catalogue["grokking.rate"](
        eigenvalue=max(eigenvalue, 0.0), parallelograms=max(divisor, 1), squared_norm=norm
    )
    found = grokking.grokking_rate(training_set, convention)
    assert found == pytest.approx(float(rate), abs=1e-12)
    assert (found > 0) == (grokking.nullity(training_set) == 2)
    if found > 0:
        assert grokking.grokking_time(training_set, convention) == pytest.approx(
            float(catalogue["grokking.time"](rate=found))
        )
        assert grokking.grokking_rate(training_set, convention, of="loss") == pytest.approx(
            float(catalogue["grokking.loss_rate"](rate=found))
        )
        assert grokking.grokking_steps(training_set, 1e-3, convention) == pytest.approx(
            float(catalogue["grokking.steps"](learning_rate=1e-3, rate=found))
        )
    else:
        assert np.isinf(grokking.grokking_steps(training_set, 1e-3, convention))


def test_every_correction_is_named():
    corrected = {
        key for key, each in catalogue.items() if key.startswith("grokking") and each.status is Status.CORRECTED
    }
    assert {"grokking.motion", "grokking.centre", "grokking.rate", "grokking.permissible"} <= corrected


def test_functions_cite_statements_that_exist():
    for name in grokking.__all__:
        for key in getattr(getattr(grokking, name), "cites", ()):
            assert key in catalogue or key == "liu2022grokking", (name, key)


def test_the_whole_table_is_a_training_set_like_any_other():
    whole = TrainingSet.complete(addition(5))
    assert grokking.grokking_rate(whole) == grokking.grokking_rate(table(5), p=5)
