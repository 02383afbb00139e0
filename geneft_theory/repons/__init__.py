"""Which learning rates lead to generalization? The dynamics of GenEFT (Baek, Liu & Tegmark, 2024)."""
