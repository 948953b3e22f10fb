"""`pipeline dlq redrive --rejects`: sends to its topic what the API refused and would take today, each once.

Whether it would, the API's own preparation says, and what it prepares is what is sent: key, schema id and bytes are
those of an accepted event. The mark, the audit file and the pace are those of a redrive of dead letters.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, TextIO

from consumers.clients import make_registry, registered_id
from consumers.faults import ConsumerError
from consumers.on_call.dlq import Shelf
from consumers.on_call.letters import Letter, printable
from consumers.on_call.locking import only_one
from consumers.on_call.reading import one_sentence
from consumers.on_call.redrive import Plan, RedriveOptions, done_before, need_reason, send_plan, show_plan
from consumers.options import find_contract
from consumers.record import Record
from producer_api.preparation import Preparation
from producer_api.serializer import Serializer
from producer_api.service import APP
from producer_api.settings import read_settings
from producer_api.shapes import AcceptedShapes, InvalidEvent

if TYPE_CHECKING:
    from codegen.catalog import GeneratedContract

_KEPT: Final = ("contract", "stage", "field", "reason")


def run_redrive_rejects(options: RedriveOptions, out: TextIO) -> int:
    """Say what would be sent, or send it. Gives 0. Raises ConsumerError."""
    contract = find_contract(options.contract)
    need_reason(options)
    with one_sentence(), only_one(options.audit_file, is_needed=options.is_real):
        letters = list(Shelf(contract, is_rejects=True).letters())
        preparation = make_preparation(contract)
        plan = plan_rejects(letters, contract, preparation, options, done_before(letters, contract.topic))
        show_plan(plan, options, out, "there are no rejects")
        if options.is_real and plan.sendings:
            send_plan(plan, lambda _letter, source: prepared(source, contract, preparation), options, out)
    return 0


def make_preparation(contract: GeneratedContract) -> Preparation:
    """As the API of today has it, by its settings and its pin. Raises ConsumerError, Unavailable and ConfigError."""
    settings = read_settings()
    version = settings.writer_version or contract.writer_version(APP)
    try:
        shapes = AcceptedShapes(contract, version)
    except ValueError as error:
        raise ConsumerError(f"{error}: correct WRITER_VERSION") from None
    serializer = Serializer(contract.subject, version, shapes.model.AVSC)
    with make_registry() as registry:
        serializer.resolve(registered_id(registry, contract.subject, shapes.model.AVSC))
    return Preparation(contract, shapes, serializer, settings.max_event_bytes)


def plan_rejects(
    letters: Iterable[Letter],
    contract: GeneratedContract,
    preparation: Preparation,
    options: RedriveOptions,
    done: set[str],
) -> Plan:
    """Each reject's fate, oldest first."""
    plan = Plan()
    for letter in sorted(letters, key=lambda letter: (letter.record.timestamp_ms or 0, letter.record.offset)):
        source = letter.record
        if options.stage not in (None, letter.facts.get("stage")):
            fate = "left: not chosen by --stage"
        elif source.place in done:
            fate = "left: redriven before"
        elif letter.facts.get("contract") != contract.name:
            fate = f"left: it was no event of {contract.name}"
        else:
            fate = _fate(source, preparation)
            if fate.startswith("send"):
                if options.limit is not None and len(plan.sendings) >= options.limit:
                    fate = "left: beyond --limit"
                else:
                    plan.sendings.append((letter, source))
        plan.fates[fate] += 1
    return plan


def _fate(source: Record, preparation: Preparation) -> str:
    try:
        shape = preparation.prepare(source.value or b"").shape
    except InvalidEvent as error:
        fault = error.faults[0]
        return printable(f"left: refused today as well ({fault.stage}{_at(fault.field)})")
    return f"send: accepted today, in the shape of version {shape}"


def _at(field: str) -> str:
    return f", {field}" if field else ""


def prepared(source: Record, contract: GeneratedContract, preparation: Preparation) -> Record:
    """The record that the API would produce of a reject, with the headers that came with the request."""
    ready = preparation.prepare(source.value or b"")
    headers = tuple(header for header in source.headers if header[0] not in _KEPT)
    return Record(contract.topic, source.partition, source.offset, source.timestamp_ms, ready.key, ready.value, headers)
