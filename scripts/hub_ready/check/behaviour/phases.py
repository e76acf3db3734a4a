"""What the probe does with a model, in order; a phase that another one needs must have gone well before it."""

PHASES: dict[str, tuple[str, ...]] = {
    "config": (),
    "processors": ("config",),
    "load": ("config",),
    "buffers": ("load",),
    "fresh": ("load",),
    "meta": ("load",),
    "labels": ("load",),
    "save": ("load",),
    "inputs": ("load",),
    "forward": ("inputs",),
    "batch": ("forward",),
    "backward": ("forward",),
    "checkpointing": ("backward",),
    "bfloat16": ("forward",),
    "pickle": ("forward",),
    "export": ("forward",),
    "pipeline": ("forward", "processors"),
}

# What each phase is called in a sentence that ends with "while ...".
DOING: dict[str, str] = {
    "config": "loading the configuration",
    "processors": "loading the processors",
    "load": "loading the model",
    "buffers": "constructing the model directly",
    "fresh": "constructing the model with fresh weights",
    "meta": "constructing the model on the meta device",
    "labels": "loading the model with another number of labels",
    "save": "saving and loading again",
    "inputs": "preparing inputs",
    "forward": "running the model",
    "batch": "running a batch",
    "backward": "computing gradients",
    "checkpointing": "computing gradients with gradient checkpointing",
    "bfloat16": "running the model in bfloat16",
    "pickle": "pickling the model",
    "export": "exporting the model",
    "pipeline": "running the pipeline",
}
