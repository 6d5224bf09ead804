"""`slm-factory tool update`: the data brought up to date, without training."""


def update() -> None:
    """Do the new work up to the training rows, and stop there.

    The same as `slm-factory run --until convert`: documents are read, the teacher is asked about what is new,
    rows of deleted documents go. `tool evolve` goes on from there.

    Example: slm-factory tool update
    """
    from slm_factory.cli.run import run

    run(until="convert")
