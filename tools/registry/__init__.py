"""An embedded Schema Registry for Avro that speaks the REST API of Confluent Schema Registry 8.

`tools.registry.app.create_app` is the ASGI application, `tools.registry.server` runs it. This file imports nothing, so
that `python -m tools.registry` starts fast.

What differs from the original: Avro alone; one context, the default one; a schema is held to the whole Avro
specification (the original lets pass some defaults that do not fit); the details of an illegal schema and of a
malformed body are in our own words; rules are kept and not run; `validateFields`, `validateNewSchemas`, `validateRules`
and `compatibilityPolicy` are kept and not applied; there are no exporters, no tags and no associations; an offset below
zero counts as zero, and where the original answers 500 to a request that is wrong this one answers 4xx.
"""
