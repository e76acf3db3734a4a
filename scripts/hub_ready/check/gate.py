"""The check as a gate: a folder passes without a finding, or not at all."""

from pathlib import Path

from ..problems import Problem
from . import check_folder

_SHOWN = 10


def demand_no_findings(folder: Path) -> None:
    """Demand that no rule of the static check finds anything; what the model does is proved separately.

    Raises:
        Problem: the findings, of warnings too: what is made here is to be faultless.
    """
    findings = check_folder(folder, behaviour=False).findings
    if not findings:
        return
    lines = [f"  {found.severity} {found.place}: {found.rule}: {found.message}" for found in findings[:_SHOWN]]
    lines += [f"  and {len(findings) - _SHOWN} more"] if len(findings) > _SHOWN else []
    raise Problem(
        "\n".join(["the check finds fault with the exported folder, and an export has no finding:", *lines])
        + f"\n`python -m scripts.check_repo --explain {findings[0].rule}` says why, and what repairs it"
    )
