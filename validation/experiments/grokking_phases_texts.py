"""What the page of `geneft run grokking-phases` says beside its numbers."""

from __future__ import annotations

from validation.measure.phases import DELAY
from validation.operations.settings import THRESHOLD

SUMMARY_SETS = {
    "ideal": "training sets that imply all answers (of training seeds: {seeds})",
    "random": "and a random training set of its own for every network",
}
DIAGRAM_TEXT = (
    f"Phases as in Table 1 of the paper, whose comprehension is called generalization here: accuracy of at least "
    f"{THRESHOLD:g} on training pairs and on held-out pairs, the second less than the delay (usually {DELAY:,} steps) "
    "after the first, is generalization; later it is grokking; without the second, memorization; without the first, "
    "confusion. The table leaves out networks that learn the held-out pairs and never the training pairs; they are "
    "counted as confused. A phase is one within a budget: a slow decoder that is not done in time counts as confused.",
    "A replicate has the same training pairs and the same initial parameters in every cell. With one training set, "
    "what is said of frequencies holds for that set, and the intervals are Wilson's, over networks. With several, "
    "networks on one set are not taken for independent, and the intervals are those of both levels. Each interval "
    "holds by itself.",
)
BOUNDARY_TEXT = (
    "Over the two learning rates the boundary is the line at which half of the networks that learn their training "
    "pairs learn the others, too: logistic regression over single networks with Firth's correction. The paper claims "
    "a straight boundary between an encoder that is fast enough for its decoder and one that is not: slope +1, judged "
    "as an angle of 45 degrees. In the released map the encoder has to be 3 to 6 times as fast as the decoder. Errors "
    "are those of replicates resampled as they are: with several training sets, they hold for these sets.",
)
HALF_TEXT = (
    "Over decoder rate and weight decay no straight line is claimed. For every weight decay the decoder rate is fitted "
    "at which half of the networks that learn their training pairs memorize them. Where none do, or all, where they "
    "become fewer with the rate, or where it would lie beyond all rates, there is no such rate. Errors are those of "
    "replicates resampled as they are: with several training sets, they hold for these sets.",
)
AGREEMENT_TEXT = (
    "The published diagrams have one network a cell, all of them from one seed. If phases vary between seeds, no "
    "single map can agree with the most frequent phases everywhere: what is to be expected of one is what a replicate "
    "of ours reaches against the others. The released networks had 100,000 steps, so that the claim is judged within "
    "that budget only; their training set is another one.",
)
SPLITS_TEXT = (
    "Networks at the rates of the official default run (encoder 1e-3, decoder 1e-4, no decay), each on a training set "
    "of its own: 45 of the 55 sums at random. Four sums (0, 1, 17 and 18) have one pair only: held out, it cannot be "
    "told, and more than one such pair already keeps the held-out accuracy below 0.9. The ideal accuracy counts what "
    "the parallelograms of the training set imply.",
)
