"""What is asked of every environment. A cell of the table is one property in one environment."""

from dataclasses import dataclass

HOLDS, FAILS, ABSENT, UNTESTED = "holds", "fails", "absent", "untested"


@dataclass(frozen=True)
class Property:
    """One column of the table.

    Attributes:
        name: its heading.
        meaning: when it holds, in one sentence.
        tasks: of the job `compat`, in order, each in a process of its own: what it is called, whether in the
            newest environment, and whether on the folder that the task "save" wrote.
    """

    name: str
    meaning: str
    tasks: tuple[tuple[str, bool, bool], ...]


def _here(task: str) -> tuple[tuple[str, bool, bool], ...]:
    return ((task, False, False),)


PROPERTIES = (
    Property("config", "AutoConfig gives every field of config.json the reference's value.", _here("config")),
    Property("labels", "The number of labels and their names are the reference's.", _here("labels")),
    Property(
        "load",
        "Every Auto class of the auto_map loads; its report names no missing or mismatched weight, and every "
        "tensor is the file's, bit for bit.",
        _here("load"),
    ),
    Property(
        "outputs",
        "Every tensor that every class returns is the reference's, bit for bit; with another torch than the "
        "reference's within 1e-5 of the largest value, since torch may add in another order.",
        _here("outputs"),
    ),
    Property("processor", "The processor's tensors are the reference's, bit for bit.", _here("processors")),
    Property(
        "pipeline",
        "The pipeline finds model and processor by itself, and its labels and scores are the reference's. Absent "
        "where the version finds no custom processor; it is passed there, and the answer must be the reference's.",
        _here("pipeline"),
    ),
    Property(
        "save, reload",
        "A save keeps weights, code and auto_map, and what it wrote loads in a new process with the reference's "
        "labels, outputs and pixels.",
        (("save", False, False), ("same", False, True)),
    ),
    Property(
        "new head",
        "A load with other labels and ignore_mismatched_sizes draws a finite new head and leaves every other "
        "tensor as it was.",
        _here("head"),
    ),
    Property("Trainer", "One step of Trainer gives a finite loss and moves the weights.", _here("train")),
    Property(
        "checkpoints",
        "Gradient checkpointing recomputes and gives the same gradients, within 1e-5 of the largest.",
        _here("checkpointing"),
    ),
    Property(
        "export",
        "torch.export captures the model, and the program's outputs are the model's, within 1e-4. Absent where it "
        "fails and the class does not claim it.",
        _here("export"),
    ),
    Property(
        "newest loads it",
        "What this environment saves, the newest one loads with the reference's labels, outputs and pixels.",
        (("same", True, True),),
    ),
)
