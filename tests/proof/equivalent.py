"""Mutants that no test can notice, as nothing that anybody could see is different. Name → why."""

from __future__ import annotations

DIGITS_TO_SPARE = "no product of figures, prices and percentages has nearly as many digits"
NO_PLURAL = "the number is read only beside a plural, and here is none"
EXPONENT_ONLY = "quantize looks at the exponent of its pattern alone"

EQUIVALENT: dict[str, str] = {
    "distributor/gate.py: _check_length: 0 → 1": "one byte is as far below the limit as none",
    "distributor/tenancy.py: guard.check: True → False": "it is asked only whether anything stands there",
    "workflows/drawing.py: _stage: raise ValueError(f'{step} leads to no status of its own') → pass":
        "the steps that are drawn all lead somewhere; it is said for whoever draws another",
    "workflows/drawing.py: _position: 1 → 2": "any number below 0 stands before the first stage",
    "workflows/drawing.py: _progress: index < position → index <= position": "equal ones were answered before",
    "workflows/money.py: line_amount: 1 → 2": EXPONENT_ONLY,
    "workflows/money.py: line_amount: 1 → 0": EXPONENT_ONLY,
    "workflows/outcomes.py: _endorsed: raise ValueError('an endorsement has a person') → pass":
        "conditions.py has refused the system by then; it is said for checkers of types",
    "workflows/report_cycle.py: bounds: 1 → 2 #2": "two days before the first are in the month before, too",
    "workflows/report_cycle.py: _zone_names: lru_cache(maxsize=1) → removed": "the same names, read more often",
    "workflows/units.py: parse_units: 1 → 2": EXPONENT_ONLY,
    "workflows/units.py: parse_units: 1 → 0": EXPONENT_ONLY,
    "workflows/units.py: module: 100 → 101 #2": DIGITS_TO_SPARE,
    "workflows/units.py: module: 100 → 99 #2": DIGITS_TO_SPARE,
    "workflows/units.py: estimate: 1 → 2": EXPONENT_ONLY,
    "workflows/units.py: estimate: 1 → 0": EXPONENT_ONLY,
    "workflows/units.py: _read: 10 → 11": "both have a digit too many, which is all that is asked of them",
    "workflows/words.py: words: 1 → 2": NO_PLURAL,
    "workflows/words.py: words: 1 → 0": NO_PLURAL,
}  # fmt: skip
