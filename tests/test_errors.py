"""Every error has a code of its own."""

from sarslide import errors


def test_codes_are_distinct():
    classes = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.SarslideError)]
    codes = [one.code for one in classes]
    assert len(set(codes)) == len(codes), sorted(codes)
