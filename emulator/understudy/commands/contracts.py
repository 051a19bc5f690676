"""`understudy contracts`."""

from pathlib import Path

import click

from understudy_contracts import PROVIDERS


@click.group()
def contracts() -> None:
    """What each provider takes and answers, as documents that other tools read.

    `understudy contracts export` writes them to a folder; a running stand-in has them below /_understudy/contracts/.
    """


@contracts.command()
@click.argument("directory", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--provider", "providers", type=click.Choice(PROVIDERS), multiple=True,
    help="Only this provider's; may be given several times.  [default: all]",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Overwrite files that are there and say something else.")
def export(directory: Path, providers: tuple[str, ...], force: bool) -> None:
    """Write the contracts into DIR as files, which is made if it is not there.

    \b
    DIR/index.json                      what there is
    DIR/<provider>/openapi.json         OpenAPI 3.1, with webhooks, errors and printed examples
    DIR/runware/asyncapi.json           AsyncAPI 3.0 of Runware's socket
    DIR/<provider>/schemas/*.json       JSON Schema 2020-12, one file for each thing that is asked or answered
    DIR/<provider>/schemas/models/*.json  and one for the requests of each model

    The $id of a schema, after its host, is its path in DIR, and a $ref is to a file beside it. Servers are the
    provider's own hosts; where sources disagree, the documents say what the stand-in does by default.

    A file that is there and says something else is left as it is, nothing is written at all, and the exit code is 1.

    Example: `understudy contracts export contracts --provider gmi`
    """
    import orjson

    from understudy_contracts.documents import files

    written = {
        directory / name: orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        for name, document in files(providers=providers or PROVIDERS).items()
    }
    others = [path for path, content in written.items() if path.exists() and not _says(path, content)]
    if others and not force:
        listed = "\n".join(f"  {path}" for path in others[:10])
        more = f"\n  and {len(others) - 10} more" if len(others) > 10 else ""
        raise click.ClickException(f"these are there and say something else; --force overwrites them:\n{listed}{more}")
    try:
        for path, content in written.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as problem:
        raise click.ClickException(f"{problem.filename} cannot be written: {problem.strerror}") from None
    click.echo(f"{len(written)} documents in {directory}")


def _says(path: Path, content: bytes) -> bool:
    """Whether a file says just this."""
    return path.is_file() and path.read_bytes() == content
