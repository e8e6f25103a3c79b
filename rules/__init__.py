"""Pure rules for Dockerfiles: text in, findings out.

`review` is the contract: two trees, path to bytes, before and after a change, become a `Report`.
"""

from rules.engine import review
from rules.policy import Policy
from rules.report import Finding, Report

__all__ = ["Finding", "Policy", "Report", "review"]
