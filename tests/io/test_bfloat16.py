"""Packed samples against numpy's float32 and against what the format of bfloat16 says."""

import numpy as np

from sarslide.io.bfloat16 import packed, unpacked

RNG = np.random.default_rng(3)
SAMPLES = (RNG.normal(size=(20, 500)) + 1j * RNG.normal(size=(20, 500))).astype(np.complex64)


def test_phase_and_size_are_kept():
    found = unpacked(packed(SAMPLES))
    assert found.dtype == np.complex64 and found.shape == SAMPLES.shape
    assert np.abs(np.angle(found * SAMPLES.conj())).max() < 0.008  # half a step of six bits, 2^-7
    for part, true in ((found.real, SAMPLES.real), (found.imag, SAMPLES.imag)):
        assert (np.abs(part - true) <= np.abs(true) * 2**-7).all()
    assert abs((np.abs(found) ** 2).mean() / (np.abs(SAMPLES) ** 2).mean() - 1) < 1e-4  # rounded, not cut


def test_what_is_rounded_stays():
    once = unpacked(packed(SAMPLES))
    np.testing.assert_array_equal(unpacked(packed(once)), once)
    assert (packed(np.zeros(3, np.complex64)) == 0).all() and (unpacked(np.zeros(3, np.uint32)) == 0).all()


def test_halves_are_those_of_bfloat16():
    # 1 is 0x3f80, -2 is 0xc000: sign, eight bits of exponent, seven of mantissa.
    assert packed(np.array([1 - 2j], np.complex64)).tolist() == [0xC0003F80]
    assert unpacked(np.array([0xC0003F80], np.uint32)).tolist() == [1 - 2j]


def test_any_order_of_memory():
    np.testing.assert_array_equal(packed(SAMPLES.T), packed(SAMPLES).T)
    np.testing.assert_array_equal(unpacked(packed(SAMPLES)[::2, ::3]), unpacked(packed(SAMPLES))[::2, ::3])
