"""The Temporal SRE Copilot: rules decide a cluster's health, explanations follow from them."""
