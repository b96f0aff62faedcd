"""The API's routes: a module for each, with its response model."""
