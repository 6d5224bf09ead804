"""`slm-factory tool convert` and `tool dialogue`: stages by the names that older systems had for them."""

from slm_factory.cli.run import run


def convert() -> None:
    """Write the training rows (data/convert.jsonl), and first whatever they need.

    The same as `slm-factory run --until convert`. `tool dataset` exports them for other training tools.

    Example: slm-factory tool convert
    """
    run(until="convert")


def dialogue() -> None:
    """Write conversations of several turns (data/dialogue.parquet), and first whatever they need.

    The same as `slm-factory run --until dialogue`. They are trained on with everything else; `dialogue:` in
    params.yaml says how many there are.

    Example: slm-factory tool dialogue
    """
    run(until="dialogue")
