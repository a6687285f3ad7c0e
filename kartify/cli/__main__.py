"""``python -m kartify.cli``: what the embedded stack starts its children with."""

from kartify.cli import main

if __name__ == "__main__":
    main(prog_name="kartify")
