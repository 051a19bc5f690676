"""The settings that QA needs, from flag, variable and file."""

import pytest
from click.testing import CliRunner

from understudy.cli import main
from understudy.config import SettingError, Speed


@pytest.fixture
def settings_of(tmp_path, monkeypatch):
    """The settings that a command line would start a server with."""
    monkeypatch.chdir(tmp_path)

    def read(*arguments, file="", **variables):
        (tmp_path / "understudy.toml").write_text(file)
        seen = []

        def record(settings):
            seen.append(settings)
            raise SettingError("that is enough")

        monkeypatch.setattr("understudy.server.Server", record)
        done = CliRunner().invoke(main, ["serve", *arguments], env=variables)
        assert seen, done.output
        return seen[0]

    return read


def test_nothing_changes_for_who_sets_nothing(settings_of):
    settings = settings_of()
    assert (settings.clock, settings.speed, settings.fault_header, settings.journal_size) == (
        "flowing",
        Speed(),
        True,
        1000,
    )
    assert settings.control_token is settings.scenario is None


def test_under_a_manual_clock_a_video_takes_as_long_as_with_the_provider_unless_a_speed_is_said(settings_of):
    real = Speed(1.0, 1.0)
    assert settings_of("--clock", "manual").speed == real
    assert settings_of(UNDERSTUDY_CLOCK="manual").speed == real
    assert settings_of(file='clock = "manual"').speed == real
    assert settings_of("--clock", "manual", "--speed", "brisk").speed == Speed()
    assert settings_of("--clock", "manual", UNDERSTUDY_SPEED="instant").speed == Speed(1.0, 0.0)
    assert settings_of("--clock", "manual", file='speed = "instant"').speed == Speed(1.0, 0.0)
    assert settings_of("--clock", "flowing").speed == Speed()


def test_each_can_be_a_flag_a_variable_or_a_line_of_the_file(settings_of, tmp_path):
    (tmp_path / "day.toml").write_text("")
    file = 'fault-header = false\njournal-size = 7\ncontrol-token = "from-the-file"\nscenario = "day.toml"\n'
    settings = settings_of(file=file)
    assert (settings.fault_header, settings.journal_size, settings.control_token) == (False, 7, "from-the-file")
    assert settings.scenario.name == "day.toml"
    settings = settings_of(file=file, UNDERSTUDY_FAULT_HEADER="true", UNDERSTUDY_CONTROL_TOKEN="from-a-variable")
    assert (settings.fault_header, settings.control_token) == (True, "from-a-variable")
    settings = settings_of("--no-fault-header", "--journal-size", "9", UNDERSTUDY_FAULT_HEADER="true", file=file)
    assert (settings.fault_header, settings.journal_size) == (False, 9)


@pytest.mark.parametrize("arguments", [("--clock", "slow"), ("--journal-size", "0"), ("--control-token", "short"), ("--control-token", "with a space"), ("--scenario", "none")])  # fmt: skip
def test_what_cannot_be_is_refused(arguments):
    assert CliRunner().invoke(main, ["serve", *arguments]).exit_code == 2
