"""JSON → validated → Avro bytes, against decoding the same JSON alone, and against pydantic with fastavro."""

from __future__ import annotations

from collections.abc import Callable, Generator
from io import BytesIO

import fastavro
import msgspec

from codegen.transcoding import AnyTranscoder
from producer_api.preparation import Preparation
from producer_api.serializer import Serializer
from producer_api.settings import Settings
from producer_api.shapes import AcceptedShapes
from tools.bench.case import Aim, Case, Scale
from tools.bench.cpu import RATE, rate, rate_case
from tools.bench.events import Events, activity, versions
from tools.bench.plain_types import msgspec_type, pydantic_type

PRODUCT = "product"
MSGSPEC = "msgspec, JSON alone"
PYDANTIC = "pydantic + fastavro"
TRANSCODER = "generated transcoder alone"
COMPILED = "compiled transcoder alone"


def open_cases(scale: Scale) -> Generator[Case]:
    """Each version by itself, and the oldest one's JSON where the latest is written."""
    for version in versions():
        yield compare(f"v{version}", activity(version), version, scale)
    yield compare(f"v1 into v{versions()[-1]}", activity(1), versions()[-1], scale)


def compare(name: str, events: Events, pinned: int, scale: Scale) -> Case:
    """One set of events: the product, the JSON alone, and the usual way where both write the same version."""
    contenders = [
        rate(PRODUCT, product(events, pinned), len(events.bodies), scale.seconds),
        rate(MSGSPEC, json_alone(events), len(events.bodies), scale.seconds),
    ]
    aims = [Aim(RATE.name, MSGSPEC, 0.45)]
    transcoder = events.contract.transcoder(pinned, pure=True) if pinned == events.version else None
    if transcoder is not None:
        contenders.append(rate(TRANSCODER, transcoded(transcoder, events), len(events.bodies), scale.seconds))
    in_use = events.contract.transcoder(pinned)
    if transcoder is not None and in_use is not None and in_use is not transcoder:
        contenders.append(rate(COMPILED, transcoded(in_use, events), len(events.bodies), scale.seconds))
    if pinned == events.version:
        contenders.append(rate(PYDANTIC, pydantic_and_fastavro(events), len(events.bodies), scale.seconds))
        aims.append(Aim(RATE.name, PYDANTIC, 2.5))
    return rate_case(name, contenders, aims, f"{events.mean_bytes:.0f} bytes of JSON in the mean")


def product(events: Events, pinned: int) -> Callable[[], None]:
    """What the API does with an event between its body and the producer."""
    shapes = AcceptedShapes(events.contract, pinned)
    serializer = Serializer(events.contract.subject, pinned, shapes.model.AVSC)
    serializer.resolve(1)

    prepare = Preparation(events.contract, shapes, serializer, Settings().max_event_bytes).prepare

    def work() -> None:
        for body in events.bodies:
            prepare(body)

    return work


def transcoded(transcoder: AnyTranscoder, events: Events) -> Callable[[], None]:
    """What codegen makes for ordinary events, without all that the API does around it."""
    read = transcoder.reader().read

    def work() -> None:
        for body in events.bodies:
            read(body, b"")

    return work


def json_alone(events: Events) -> Callable[[], None]:
    decode = msgspec.json.Decoder(msgspec_type(events.schema)).decode

    def work() -> None:
        for body in events.bodies:
            decode(body)

    return work


def pydantic_and_fastavro(events: Events) -> Callable[[], None]:
    """The usual way: a pydantic model, its dict, and fastavro's C writer with logical types."""
    model = pydantic_type(events.schema)
    schema = fastavro.parse_schema(events.schema)

    def work() -> None:
        for body in events.bodies:
            out = BytesIO()
            fastavro.schemaless_writer(out, schema, model.model_validate_json(body).model_dump())
            out.getvalue()

    return work
