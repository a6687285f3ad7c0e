"""``python -m kartify.translations``."""

from kartify.translations import main

if __name__ == "__main__":
    main()
