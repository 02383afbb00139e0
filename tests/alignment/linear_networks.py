"""Linear encoder-decoders of two points, stepped without any of the package's mathematics."""

import numpy as np


def start(outputs, hidden, inputs, seed, scale=0.4, aligned=False):
    """Return a random encoder, decoder, mean output, input difference and target difference."""
    generator = np.random.default_rng(seed)
    encoder = generator.normal(0, scale / np.sqrt(inputs), (hidden, inputs))
    decoder = generator.normal(0, scale / np.sqrt(hidden), (outputs, hidden))
    dx, target = generator.normal(0, 1 / np.sqrt(inputs), inputs), generator.normal(0, 1 / np.sqrt(outputs), outputs)
    if aligned:
        direction = encoder @ dx / np.linalg.norm(encoder @ dx)
        decoder = generator.normal(0, scale, (outputs, 1)) * direction
    return encoder, decoder, generator.normal(size=outputs), dx, target


def gradient(encoder, decoder, mean, dx, target):
    """Return the gradients of half the mean of the squared errors at both points, by the chain rule point by point."""
    encoder_gradient, decoder_gradient, mean_gradient = (np.zeros_like(each) for each in (encoder, decoder, mean))
    for sign in (-1, 1):
        hidden = sign / 2 * (encoder @ dx)
        # Two points at -dx/2 and dx/2, with targets -target/2 and target/2 and mean target 0.
        error = mean + decoder @ hidden - sign / 2 * target
        encoder_gradient += np.outer(decoder.T @ error, sign / 2 * dx) / 2
        decoder_gradient += np.outer(error, hidden) / 2
        mean_gradient += error / 2
    return encoder_gradient, decoder_gradient, mean_gradient


def loss(encoder, decoder, mean, dx, target):
    """Return half the mean of the squared errors."""
    errors = [mean + decoder @ (sign / 2 * (encoder @ dx)) - sign / 2 * target for sign in (-1, 1)]
    return sum(float(error @ error) for error in errors) / 4


def state(encoder, decoder, dx, target):
    """Return h, y, w, X and Y."""
    dh = encoder @ dx
    dy = decoder @ dh
    return dh @ dh, dy @ dy, dy @ dy - dy @ target, dx @ dx, target @ target


def run(given, eta_h, eta_y, eta_mean, time, steps):
    """Integrate the gradient flow by classical Runge-Kutta steps; rates are 1/tau = 2 eta for encoder and decoder."""
    *moving, dx, target = given
    rates = (2 * eta_h, 2 * eta_y, eta_mean)
    step = time / steps

    def velocity(values):
        return [-rate * slope for rate, slope in zip(rates, gradient(*values, dx, target), strict=True)]

    def ahead(values, slopes, by):
        return [value + by * slope for value, slope in zip(values, slopes, strict=True)]

    for _ in range(steps):
        first = velocity(moving)
        second = velocity(ahead(moving, first, step / 2))
        third = velocity(ahead(moving, second, step / 2))
        fourth = velocity(ahead(moving, third, step))
        mean = [(a + 2 * b + 2 * c + d) / 6 for a, b, c, d in zip(first, second, third, fourth, strict=True)]
        moving = ahead(moving, mean, step)
    return (*moving, dx, target)
