"""How the Copilot's workflows write their payloads: Pydantic models as JSON, large ones compressed.

A snapshot of 200 queues with its decision is some 250 kB of very repetitive JSON. Uncompressed,
the cycles of an hour and the records that wait for the store would reach Temporal's limits
(2 MB a payload, 50 MB a history).
"""

import zlib
from collections.abc import Sequence
from dataclasses import replace

from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import PayloadCodec

ENCODING = b"binary/zlib"
# Smaller ones stay readable in Temporal's UI; bytes.
COMPRESS_ABOVE = 4096


class CompressionCodec(PayloadCodec):
    """Payloads above 4 kB by zlib; reads both."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [_compressed(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [_plain(payload) for payload in payloads]


def _compressed(payload: Payload) -> Payload:
    if len(payload.data) <= COMPRESS_ABOVE:
        return payload
    data = zlib.compress(payload.SerializeToString())
    return Payload(metadata={"encoding": ENCODING}, data=data)


def _plain(payload: Payload) -> Payload:
    if payload.metadata.get("encoding") != ENCODING:
        return payload
    return Payload.FromString(zlib.decompress(payload.data))


DATA_CONVERTER = replace(pydantic_data_converter, payload_codec=CompressionCodec())
