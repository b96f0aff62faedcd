"""`/knowledge`."""

import httpx

from copilot.knowledge.corpus import documents


async def test_only_documents_are_served(api: httpx.AsyncClient) -> None:
    listed = (await api.get("/knowledge")).json()["documents"]
    assert {entry["name"] for entry in listed} == set(documents())
    response = await api.get("/knowledge/starved-queue")
    assert response.text == documents()["starved-queue"].text
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert (await api.get("/knowledge/no-such-thing")).json()["error"] == "not_found"
    for name in ("..%2Fcorpus", "%2e%2e", "Starved", "a" * 80):
        assert (await api.get(f"/knowledge/{name}")).status_code in {404, 422}
