"""The settings as options: a flag beats a variable, a variable beats the file, the file beats the default."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from understudy.config import Settings, Speed

from .kinds import HostType, KeyType, MoneyType, SpeedType, SwitchType, TokenType, UrlType

_FILE = Path("understudy.toml")


def _settings_file(ctx: click.Context, param: click.Parameter, path: Path | None) -> Path | None:
    """Read the file and make its values the defaults of the options still to be read."""
    chosen = path or (_FILE if _FILE.is_file() else None)
    if chosen is None:
        return None
    try:
        content = tomllib.loads(chosen.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise click.BadParameter(f"cannot read {chosen}: {problem}", ctx, param) from problem
    known = {option.name for option in ctx.command.params}
    values = {key.replace("-", "_"): value for key, value in content.items()}
    if isinstance(table := values.get("switch"), dict):
        values["switch"] = [f"{name}={value}" for name, value in _flat(table).items()]
    if strangers := sorted(set(values) - known):
        raise click.BadParameter(f"{chosen} sets {', '.join(strangers)}, which no option knows", ctx, param)
    for option in ctx.command.params:
        if option.name in values:
            _check_value(chosen, option, values[option.name], ctx, param)
    ctx.default_map = {**(ctx.default_map or {}), **values}
    return chosen


def _check_value(file: Path, option: click.Parameter, value: Any, ctx: click.Context, param: click.Parameter) -> None:
    """Refuse what TOML can say and an option cannot mean, before it is taken for something else."""
    wanted = "a list of texts" if option.multiple else "a text"
    kinds: tuple[type, ...] = (list,) if option.multiple else (str,)
    if isinstance(option.type, click.types.IntParamType):
        wanted, kinds = "a whole number", (int,)
    elif isinstance(option.type, click.types.BoolParamType):
        wanted, kinds = "true or false", (bool,)
    elif isinstance(option.type, SpeedType | MoneyType):
        wanted, kinds = "a text or a number", (str, int, float)
    fits = isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))
    if not fits or (option.multiple and not all(isinstance(item, str) for item in value)):
        name = str(option.name).replace("_", "-")
        raise click.BadParameter(f"{file} sets {name} to {value!r}, which is not {wanted}", ctx, param)


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """`[switch.runware]` with `webhook-body`, or a quoted `"runware.webhook-body"`: both name the same switch."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _option(*names: str, variable: str, **keywords: Any) -> Callable[[Any], Any]:
    return click.option(*names, envvar=variable, show_envvar=True, **keywords)


_DEFAULTS = Settings()

_OPTIONS = (
    _option(
        "--config", "config_file", variable="UNDERSTUDY_CONFIG", is_eager=True, expose_value=False,
        type=click.Path(exists=True, dir_okay=False, path_type=Path), callback=_settings_file,
        help="Settings file in TOML; each option's long name is a key.  [default: understudy.toml, if there is one]",
    ),
    _option(
        "--host", variable="UNDERSTUDY_HOST", type=HostType(), default=_DEFAULTS.host, show_default=True,
        help="Address to listen on. Anything but loopback lets your network in.",
    ),
    _option(
        "--port", variable="UNDERSTUDY_PORT", type=click.IntRange(0, 65535), default=_DEFAULTS.port,
        show_default=True, help="Port to listen on; 0 picks a free one.",
    ),
    _option(
        "--speed", variable="UNDERSTUDY_SPEED", type=SpeedType(), default="brisk", show_default=True,
        metavar="N|real|instant|brisk",
        help="How fast a video is made. real: as long as the provider takes. N: the whole clock runs N times as fast, "
        "expiry and retries included. instant: at once. brisk: about two seconds for a typical video, on a clock "
        "that runs in real time. With --clock manual it is real unless you say otherwise.",
    ),
    _option(
        "--clock", variable="UNDERSTUDY_CLOCK", type=click.Choice(["flowing", "manual"]), default=_DEFAULTS.clock,
        show_default=True,
        help="manual: time stands still until `understudy clock advance` or POST /_understudy/clock/advance moves it, "
        "and starts at the same moment each time.",
    ),
    _option(
        "--seed", variable="UNDERSTUDY_SEED", type=int, default=None,
        help="Make ids and seeds repeatable: the same requests in the same order get the same ones.",
    ),
    _option(
        "--public-url", variable="UNDERSTUDY_PUBLIC_URL", type=UrlType(), default=None,
        help="What URLs in answers start with.  [default: how each request reached the server]",
    ),
    _option(
        "--port-file", variable="UNDERSTUDY_PORT_FILE", type=click.Path(dir_okay=False, path_type=Path), default=None,
        help="Write the port number to this file once the server answers.",
    ),
    _option(
        "--api-key", "api_key", variable="UNDERSTUDY_API_KEYS", multiple=True, type=KeyType(),
        help="Accept this API key only; may be repeated (in the variable: separated by spaces).  "
        "[default: any key works, each is an account of its own]",
    ),
    _option(
        "--balance", variable="UNDERSTUDY_BALANCE", type=MoneyType(), default=str(_DEFAULTS.balance),
        show_default=True, help="US dollars that each account starts with.",
    ),
    _option(
        "--switch", "switch", variable="UNDERSTUDY_SWITCH", multiple=True, type=SwitchType(), metavar="NAME=VALUE",
        help="Decide a point on which the sources disagree, such as runware.webhook-body=flat; may be repeated "
        "(in the variable: separated by spaces). `understudy switches` lists them.",
    ),
    _option(
        "--cache-dir", variable="UNDERSTUDY_CACHE_DIR", type=click.Path(file_okay=False, path_type=Path), default=None,
        help="Where placeholders are kept.  [default: understudy-media in the temporary folder]",
    ),
    _option(
        "--cache-size", variable="UNDERSTUDY_CACHE_SIZE", type=click.IntRange(min=16), default=_DEFAULTS.cache_size,
        show_default=True, help="How much disk placeholders may take, in MiB.",
    ),
    _option(
        "--max-body", variable="UNDERSTUDY_MAX_BODY", type=click.IntRange(1, 1024), default=_DEFAULTS.max_body,
        show_default=True, help="The largest request body accepted, in MiB.",
    ),
    _option(
        "--allow-link-local", variable="UNDERSTUDY_ALLOW_LINK_LOCAL", is_flag=True, default=False,
        help="Send webhooks and uploads also to link-local and cloud metadata addresses.",
    ),
    _option(
        "--scenario", variable="UNDERSTUDY_SCENARIO", type=click.Path(exists=True, dir_okay=False, path_type=Path),
        default=None, help="Faults to start with, and accounts with their money and limits: a TOML or JSON file.",
    ),
    _option(
        "--fault-header/--no-fault-header", variable="UNDERSTUDY_FAULT_HEADER", default=_DEFAULTS.fault_header,
        show_default=True, help="Whether an answer touched by a fault names it in the header X-Understudy-Fault.",
    ),
    _option(
        "--journal-size", variable="UNDERSTUDY_JOURNAL_SIZE", type=click.IntRange(1, 1_000_000),
        default=_DEFAULTS.journal_size, show_default=True,
        help="How many exchanges of each account are kept; older ones are forgotten, and counted.",
    ),
    _option(
        "--control-token", variable="UNDERSTUDY_CONTROL_TOKEN", type=TokenType(), default=None,
        help="What callers of /_understudy/ must send as X-Understudy-Token.  [default: nothing on loopback; elsewhere "
        "one is made and printed at the start]",
    ),
    _option(
        "--log-format", variable="UNDERSTUDY_LOG_FORMAT", type=click.Choice(["text", "json"]),
        default=_DEFAULTS.log_format, show_default=True, help="How log lines are written to standard error.",
    ),
    _option(
        "--log-level", variable="UNDERSTUDY_LOG_LEVEL", type=click.Choice(["debug", "info", "warning", "error"]),
        default=_DEFAULTS.log_level, show_default=True, help="How much is logged.",
    ),
)  # fmt: skip


def with_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command every setting as an option, and pass it the Settings they make."""

    def called(**values: Any) -> Any:
        values["api_keys"] = frozenset(values.pop("api_key"))
        values["switches"] = dict(values.pop("switch"))
        chosen = click.get_current_context().get_parameter_source("speed")
        if values["clock"] == "manual" and chosen is ParameterSource.DEFAULT:
            values["speed"] = Speed.parse("real")
        if values["cache_dir"] is None:
            values["cache_dir"] = _DEFAULTS.cache_dir
        return command(Settings(**values))

    called.__doc__ = command.__doc__
    called.__name__ = command.__name__
    for option in reversed(_OPTIONS):
        called = option(called)
    return called
