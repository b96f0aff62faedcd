"""`python -m tdeploy`."""

from tdeploy.app import main

if __name__ == "__main__":
    main()
