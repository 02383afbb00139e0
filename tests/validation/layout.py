"""What every figure has to satisfy: all of it lies on its page, and no part covers another."""

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def require_layout(figure: Figure) -> None:
    """Fail unless axes, texts and legends lie on the page, to a pixel, and overlap by no more than two."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer, page = canvas.get_renderer(), figure.bbox.padded(1)
    parts = [axes.get_tightbbox(renderer) for axes in figure.axes]
    parts += [text.get_window_extent(renderer) for text in figure.texts]
    parts += [legend.get_window_extent(renderer) for legend in figure.legends]
    for number, box in enumerate(parts):
        assert page.x0 <= box.x0
        assert box.x1 <= page.x1
        assert page.y0 <= box.y0
        assert box.y1 <= page.y1
        for other in parts[:number]:
            width = min(box.x1, other.x1) - max(box.x0, other.x0)
            height = min(box.y1, other.y1) - max(box.y0, other.y0)
            assert min(width, height) <= 2, f"two parts overlap by {width:.1f} x {height:.1f} pixels"
