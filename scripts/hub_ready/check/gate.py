"""The check as a gate: a folder passes without a finding, or not at all."""

from pathlib import Path

from ..problems import Problem
from . import check_folder


def demand_no_findings(folder: Path) -> None:
    """Demand that no rule of the static check finds anything; what the model does is proved separately.

    Raises:
        Problem: the first finding.
    """
    findings = check_folder(folder, behaviour=False).findings
    if findings:
        raise Problem(f"{findings[0].rule}: {findings[0].message} (and {len(findings) - 1} more findings)")
