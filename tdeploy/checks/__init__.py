"""The checks of `tdeploy doctor`."""
