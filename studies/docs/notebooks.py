"""The notebooks of docs/notebooks: run in a finished small demo, and shown as pages.

In the repository a notebook has no outputs; its page, a Markdown file of its name with pictures in
docs/images, is made of an executed copy.
"""

import base64
import io
import os
import sys
from pathlib import Path
from typing import Any

from studies.docs.finished import REPOSITORY
from studies.docs.pictures import write

FOLDER = REPOSITORY / "docs/notebooks"
IMAGES = REPOSITORY / "docs/images"
MADE = "<!-- made of {name}.ipynb by python -m studies.docs -->"
TIMEOUT_S = 1800
LANGUAGES = {"%%bash": "sh", "%%writefile": "yaml"}  # of cells that begin so


def notebooks() -> list[Path]:
    """All of them."""
    return sorted(FOLDER.glob("*.ipynb"))


def executed(notebook: Path, folder: Path) -> Any:
    """A copy of a notebook with its outputs, run in a working folder; ends where a cell fails."""
    import nbformat
    from nbclient import NotebookClient

    # `sarslide` of this environment in the cells of a shell
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    content = nbformat.read(notebook, as_version=4)
    where = {"metadata": {"path": folder}}
    how = {"timeout": TIMEOUT_S, "kernel_name": "python3", "coalesce_streams": True}
    return NotebookClient(content, resources=where, **how).execute()


def page(content: Any, name: str, images: Path = IMAGES) -> str:
    """An executed notebook as Markdown; its pictures are written into `images`."""
    parts = [MADE.format(name=name)]
    number = 0
    for cell in content.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        magic, _, rest = cell.source.partition("\n")
        language = LANGUAGES.get(magic.partition(" ")[0])
        parts.append(f"```{language or 'python'}\n{rest if language else cell.source}\n```")
        for output in cell.outputs:
            if picture := output.get("data", {}).get("image/png"):
                number += 1
                path = write(images / f"{name}_{number}.png", _smaller(base64.b64decode(picture)))
                parts.append(f"![Output of the cell above](../images/{path.name})")
            elif text := _text(output):
                parts.append(f"```text\n{text}\n```")
    parts.insert(2, f"This page is a notebook: [{name}.ipynb]({name}.ipynb).")
    return "\n\n".join(parts) + "\n"


def _text(output: Any) -> str:
    """What a cell printed or returned; not what it printed as progress, on standard error."""
    if output.output_type == "stream":
        return output.text.rstrip() if output.name == "stdout" else ""
    text = output.get("data", {}).get("text/plain", "").rstrip()
    return "" if text.startswith(("<", "[Text(", "Text(")) else text


def _smaller(picture: bytes) -> bytes:
    """The picture with 256 colours and nothing in it that tells its program."""
    from PIL import Image

    packed = io.BytesIO()
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(256).save(packed, "PNG", optimize=True)
    return packed.getvalue()
