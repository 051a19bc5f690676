"""A report as the XML that CI servers read: a suite for each provider, a case for each check and each probe."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from .markdown import exchanged
from .summary import facts, nothing_seen

#: What XML 1.0 cannot say.
_UNSAYABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(shown: Mapping[str, Any]) -> str:
    """Write a `testsuites`: a broken promise is a failure, what could not be checked an error."""
    root = ET.Element("testsuites", name="understudy verify")
    for run in shown["runs"]:
        root.append(_suite(run))
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", f"{sum(run['seconds'] for run in shown['runs']):.3f}")
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(run: Mapping[str, Any]) -> ET.Element:
    suite = ET.Element("testsuite", name=f"understudy verify {run['provider']}")
    properties = ET.SubElement(suite, "properties")
    for name, value in facts(run):
        ET.SubElement(properties, "property", name=_said(name), value=_said(value))
    for check in run["checks"]:
        _case(suite, run, check, f"{run['provider']}.checks", "0")
    for probe in run["probes"]:
        _case(suite, run, probe, f"{run['provider']}.probes", f"{probe['seconds']:.3f}")
    if said := nothing_seen(run) or (f"it was ended early: {run['stopped']}" if run["stopped"] else ""):
        case = ET.SubElement(suite, "testcase", name="run", classname=run["provider"], time="0")
        ET.SubElement(case, "error", message=_said(said), type="could-not-check").text = _said(said)
    for name, child in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f"testcase/{child}"))))
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("time", f"{run['seconds']:.3f}")
    # The schema takes no zone, and no fraction either.
    suite.set("timestamp", _said(run["date"])[:19])
    return suite


def _case(suite: ET.Element, run: Mapping[str, Any], row: Mapping[str, Any], group: str, time: str) -> None:
    case = ET.SubElement(suite, "testcase", name=_said(row["name"]), classname=_said(group), time=time)
    match row["state"]:
        case "violated":
            of_check = "promise" in row
            found = [one for one in run["findings"] if one["check" if of_check else "probe"] == row["name"]]
            first = found[0]["message"] if found else row.get("promise", row["reason"])
            failure = ET.SubElement(case, "failure", message=_said(first), type=_said(_type(row, found)))
            failure.text = _said("\n\n".join(_text(one) for one in found))
        case "could-not-check":
            ET.SubElement(case, "error", message=_said(row["reason"]), type="could-not-check").text = _said(
                row["reason"]
            )
        case "not-run":
            ET.SubElement(case, "skipped", message=_said(row["reason"])).text = _said(row["reason"])


def _type(row: Mapping[str, Any], found: list[Mapping[str, Any]]) -> str:
    return str(row["name"]) if "promise" in row else str(found[0]["check"]) if found else "violated"


def _text(finding: Mapping[str, Any]) -> str:
    said = [f"{finding['check']}: {finding['message']}"]
    if finding["why"]:
        said.append(f"Why it matters: {finding['why']}")
    if finding["sources"]:
        said.append(f"Source: {'; '.join(finding['sources'])}")
    return "\n".join([*said, "", exchanged(finding)])


def _said(text: str) -> str:
    return _UNSAYABLE.sub("�", text)
