"""The networks and sweeps that are measured: one list of layers makes the YAML that fgf reads; the
peer builds its modules from the layer table of fgf's own results file, weights included."""

FEATURES = ["size", "mean", "variance", "skewness", "kurtosis", "centroid_row", "centroid_column",
            "edge_strength"]


def blocks(activation):
    """Three blocks of convolution, activation and 4x4 max-pool, two dense layers."""
    layers = []
    for channels, kernel, padding in ((32, 5, 2), (64, 3, 1), (128, 3, 1)):
        layers += [f"conv: {{channels: {channels}, kernel: {kernel}, padding: {padding}}}",
                   activation, "max_pool: {size: 4}"]
    return layers + ["flatten", "dense: {units: 256}", activation, "dense: {units: 1}"]


def volume_blocks(activation):
    """Three blocks of 3-D convolution, activation and 2x2x2 max-pool, two dense layers."""
    layers = []
    for channels in (16, 32, 64):
        layers += [f"conv: {{channels: {channels}, kernel: 3, padding: 1}}", activation,
                   "max_pool: {size: 2}"]
    return layers + ["flatten", "dense: {units: 64}", activation, "dense: {units: 1}"]


def reference():
    """The layers of experiments/reference_network.yaml, published by Mateus et al. 2023."""
    layers = []
    for channels, kernel, stride, pool, pool_stride in ((8, 3, 1, 3, 1), (16, 3, 2, 3, 2),
                                                        (32, 4, 3, 4, 3)):
        layers += [f"conv: {{channels: {channels}, kernel: {kernel}, stride: {stride}}}",
                   f"max_pool: {{size: {pool}, stride: {pool_stride}}}", "leaky_relu"]
    layers.append("flatten")
    for units in (128, 64, 32):
        layers += [f"dense: {{units: {units}}}", "leaky_relu"]
    return layers + ["dense: {units: 1}"]


def sweep(layers, dataset, **settings):
    """The text of a sweep file. Settings are train's keys, or with a double underscore other
    sections' ones: align__lambda=1, train__seed=[1, 2] as a grid."""
    lines = ["data:", f"  path: {dataset}", "model:", "  layers:"]
    lines += [f"    - {layer}" for layer in layers]
    lines += ["features:"] + [f"  - {name}" for name in settings.pop("features", FEATURES)]
    sections = {"train": {"optimizer": "{learning_rate: 1e-6, momentum: 0.9, weight_decay: 0, "
                                       "clip_norm: 0}"},
                "score": {"cases": "none"}, "noise": {"draws": 8, "smooth": "[]"},
                "output": {"weights": "none"}}
    grid = settings.pop("grid", {})
    for key, value in settings.items():
        section, name = key.split("__")
        sections.setdefault(section, {})[name] = value
    for section, keys in sections.items():
        lines += [f"{section}:"] + [f"  {name}: {value}" for name, value in keys.items()]
    if grid:
        lines += ["sweep:", "  grid:"] + [f"    {key}: {value}" for key, value in grid.items()]
    return "\n".join(lines) + "\n"
