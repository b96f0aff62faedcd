"""The API's routes, by what they tell of."""
