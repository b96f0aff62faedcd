"""Payloads of the Copilot's workflows: Pydantic models as JSON, large ones compressed.

A snapshot of 200 queues with its decision is about 250 kB of repetitive JSON. Uncompressed, the
cycles of an hour and the records that wait for the store would reach Temporal's limits (2 MB a
payload, 50 MB a history).
"""

import zlib
from collections.abc import Sequence
from dataclasses import replace

from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import PayloadCodec

ENCODING = b"binary/zlib"
# Smaller payloads stay readable in Temporal's UI.
COMPRESS_ABOVE_BYTES = 4096


class CompressionCodec(PayloadCodec):
    """Compresses payloads above 4 kB with zlib; decodes all."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [_compress(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [_decompress(payload) for payload in payloads]


def _compress(payload: Payload) -> Payload:
    if len(payload.data) <= COMPRESS_ABOVE_BYTES:
        return payload
    data = zlib.compress(payload.SerializeToString())
    return Payload(metadata={"encoding": ENCODING}, data=data)


def _decompress(payload: Payload) -> Payload:
    if payload.metadata.get("encoding") != ENCODING:
        return payload
    return Payload.FromString(zlib.decompress(payload.data))


DATA_CONVERTER = replace(pydantic_data_converter, payload_codec=CompressionCodec())
