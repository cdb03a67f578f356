"""What may be told of an error that nobody foresaw: its type and its place, never its text, which may quote data."""


def told(error: BaseException) -> dict[str, str]:
    """`error_type`, and `place` as file and line of where it was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else ""
    return {"error_type": type(error).__name__, "place": place}
