"""What a model's answer costs."""

from decimal import Decimal

from genai_prices import calc_price
from pydantic_ai import RunUsage


def cost_usd(model_id: str, usage: RunUsage) -> float | None:
    """The cost of `usage` by the list prices in genai-prices; None where they have no price."""
    provider, _, name = model_id.partition(":")
    try:
        price = calc_price(
            usage, name, provider_id={"bedrock": "aws"}.get(provider, provider)
        ).total_price
    except LookupError:
        return None
    return float(price.quantize(Decimal("0.000001")))
