"""The audit as text for people and as JSON for programs.

The JSON is an object: `status` ("yes" or "no": can every reader read everything), `topics` and `readers`.

A topic has `topic`, `dead_letters`, `exists`, `records`, `tombstones`, `unframed` and `schemas`. What is counted has
`count` and `partitions`, each with `partition`, `count`, `first_offset`, `first_timestamp_ms`, `last_offset` and
`last_timestamp_ms`; `unframed` has `reasons` besides (text → count). A schema is counted, too, and has `id` or `guid`
(the other is null), `contract` and `version` (null where no contract has exactly this schema), `record`, `subjects`,
`foreign` (under none of the contracts' subjects) and `fault` (why the registry cannot give it, or null).

A reader has `contract`, `reader`, `version`, `reads_all` and `problems`, each with `topic`, `id`, `guid` (both null for
records without a frame), `count`, `reason` and `incompatibility` (or null).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TextIO

from codegen.nodes import Json
from consumers.audit.audit import Audit, Problem, ReaderVerdict, SchemaFacts, Sighting, Span, TopicContent
from consumers.decoding.frame import SchemaRef


def write_audit(audit: Audit, format_: str, out: TextIO) -> None:
    """Write `audit` to `out`; `format_` is "text" or "json"."""
    if format_ == "json":
        out.write(json.dumps(json_audit(audit), indent=2, ensure_ascii=False) + "\n")
    else:
        out.writelines(f"{line}\n" for line in text_audit(audit))


def text_audit(audit: Audit) -> Iterator[str]:
    """The lines of the answer."""
    for content in audit.contents:
        yield from _topic_lines(content, audit)
        yield ""
    for verdict in audit.verdicts:
        yield from _verdict_lines(verdict, audit)
    unable = [verdict for verdict in audit.verdicts if verdict.problems]
    if unable:
        yield f"no: {len(unable)} of {len(audit.verdicts)} readers cannot read everything"
    else:
        yield f"yes: all {len(audit.verdicts)} readers can read everything"


def _topic_lines(content: TopicContent, audit: Audit) -> Iterator[str]:
    if content.extents is None:
        yield f"{content.topic}: there is no such topic"
        return
    yield f"{content.topic}: {_count(content.records.count)} in {_count(len(content.extents), 'partition')}"
    for ref, sighting in sorted(content.by_ref.items(), key=lambda entry: str(entry[0])):
        yield from _sighting_lines(_described(audit.schemas[ref], audit), sighting)
    if content.tombstones.count:
        yield from _sighting_lines("tombstones", content.tombstones)
    if content.unframed.count:
        yield from _sighting_lines("without a frame", content.unframed)
        yield from (f"      {count} × {reason}" for reason, count in content.unframed_reasons.most_common(5))


def _described(facts: SchemaFacts, audit: Audit) -> str:
    if facts.fault is not None:
        return f"{facts.name}: {facts.fault}"
    if facts.contract is not None:
        what = f"version {facts.version} of {facts.contract}"
    else:
        what = f"a schema of {facts.writer.record if facts.writer else 'nothing'} that no contract has"
    under = f", foreign, under {', '.join(facts.subjects) or 'no subject'}" if is_foreign(facts, audit) else ""
    return f"{facts.name}: {what}{under}"


def is_foreign(facts: SchemaFacts, audit: Audit) -> bool:
    """Whether the schema is held by subjects, and by none of the audited contracts'; or by none at all."""
    if not isinstance(facts.ref, int):
        return facts.contract is None
    return not {contract.subject for contract in audit.contracts}.intersection(facts.subjects)


def _sighting_lines(what: str, sighting: Sighting) -> Iterator[str]:
    yield f"  {what}: {_count(sighting.count)}"
    for number, span in sorted(sighting.spans.items()):
        first, last = _moment(span.first_timestamp_ms), _moment(span.last_timestamp_ms)
        yield f"    [{number}] {span.count}: {span.first_offset} ({first}) to {span.last_offset} ({last})"


def _verdict_lines(verdict: ReaderVerdict, audit: Audit) -> Iterator[str]:
    who = f"{verdict.reader} (version {verdict.version} of {verdict.contract})"
    if not verdict.problems:
        yield f"{who} can read everything"
        return
    yield f"{who} cannot read"
    for problem in verdict.problems:
        what = "records without a frame" if problem.ref is None else audit.schemas[problem.ref].name
        found = problem.incompatibility
        at = f"{found.type} at {found.reader_path or 'the root'}: " if found is not None else ""
        yield f"  {what} ({_count(problem.count)} in {problem.topic}): {at}{problem.reason}"


def json_audit(audit: Audit) -> dict[str, Json]:
    """The answer as a JSON object, in the form that this module's docstring fixes."""
    return {
        "status": "yes" if audit.holds else "no",
        "topics": [_topic_json(content, audit) for content in audit.contents],
        "readers": [
            {
                "contract": verdict.contract,
                "reader": verdict.reader,
                "version": verdict.version,
                "reads_all": not verdict.problems,
                "problems": [_problem_json(problem) for problem in verdict.problems],
            }
            for verdict in audit.verdicts
        ],
    }


def _topic_json(content: TopicContent, audit: Audit) -> dict[str, Json]:
    return {
        "topic": content.topic,
        "dead_letters": content.is_dead_letters,
        "exists": content.extents is not None,
        "records": _sighting_json(content.records),
        "tombstones": _sighting_json(content.tombstones),
        "unframed": {**_sighting_json(content.unframed), "reasons": dict(content.unframed_reasons)},
        "schemas": [
            {**_schema_json(audit.schemas[ref], audit), **_sighting_json(sighting)}
            for ref, sighting in sorted(content.by_ref.items(), key=lambda entry: str(entry[0]))
        ],
    }


def _schema_json(facts: SchemaFacts, audit: Audit) -> dict[str, Json]:
    return {
        **_ref_json(facts.ref),
        "contract": facts.contract,
        "version": facts.version,
        "record": None if facts.writer is None else facts.writer.record,
        "subjects": list(facts.subjects),
        "foreign": is_foreign(facts, audit),
        "fault": facts.fault,
    }


def _problem_json(problem: Problem) -> dict[str, Json]:
    return {
        "topic": problem.topic,
        **_ref_json(problem.ref),
        "count": problem.count,
        "reason": problem.reason,
        "incompatibility": None if problem.incompatibility is None else problem.incompatibility.as_json(),
    }


def _ref_json(ref: SchemaRef | None) -> dict[str, Json]:
    is_id = ref is None or isinstance(ref, int)
    return {"id": ref if isinstance(ref, int) else None, "guid": None if is_id else str(ref)}


def _sighting_json(sighting: Sighting) -> dict[str, Json]:
    return {
        "count": sighting.count,
        "partitions": [_span_json(number, span) for number, span in sorted(sighting.spans.items())],
    }


def _span_json(number: int, span: Span) -> Json:
    return {
        "partition": number,
        "count": span.count,
        "first_offset": span.first_offset,
        "first_timestamp_ms": span.first_timestamp_ms,
        "last_offset": span.last_offset,
        "last_timestamp_ms": span.last_timestamp_ms,
    }


def _count(number: int, what: str = "record") -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _moment(timestamp_ms: int | None) -> str:
    if timestamp_ms is None:
        return "no time"
    return datetime.fromtimestamp(timestamp_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
