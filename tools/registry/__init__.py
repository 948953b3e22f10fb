"""An embedded Schema Registry for Avro that speaks the REST API of Confluent Schema Registry 8.

`tools.registry.app.create_app` is the ASGI application, `tools.registry.server` runs it. This file imports nothing, so
that `python -m tools.registry` starts fast.
"""
