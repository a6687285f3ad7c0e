"""``python -m kartify.docs``: writes the parts of the docs that come from the code."""

from kartify.docs import main

if __name__ == "__main__":
    main()
