"""Options that `scan` and `badge` share: one meaning, one wording."""

from pathlib import Path
from typing import Annotated

import typer

Waivers = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Accepted findings, each with reason, approver and expiry."),
]
ExpectDigest = Annotated[
    str | None,
    typer.Option(metavar="sha256:...", help="What the artifact must be, or it is reported."),
]
SignedBy = Annotated[
    str | None,
    typer.Option(
        metavar="WHO",
        help="Who must have signed it: a public key's file, or NAME,https://ISSUER.",
    ),
]
Signature = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Where that signature is, if not model.sig beside it."),
]
