"""numba, imported without SciPy and coverage.

It looks for both where they are installed, 0.4 CPU s of each process: the one for linear algebra,
which no loop here uses, the other for the coverage of compiled lines.
"""

import sys

_unused = [name for name in ("scipy.linalg.cython_blas", "coverage") if name not in sys.modules]
sys.modules.update(dict.fromkeys(_unused))  # type: ignore[arg-type]
import numba.np.arraymath  # noqa: E402, F401  # the first loop that is called would import it
from numba import njit  # noqa: E402

for _name in _unused:
    del sys.modules[_name]

__all__ = ["njit"]
