"""The espeak-ng speech synthesiser, called through ctypes from the wheel ``espeakng_loader``.

Source: https://github.com/espeak-ng/espeak-ng, header ``speak_lib.h``.
"""

from __future__ import annotations

import ctypes
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import espeakng_loader
import numpy as np

from mmer.runtime.errors import UserError

ESPEAK_RATE = 22_050
"""Samples per second of espeak-ng's voices."""

_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: samples go to the callback
_DO_NOT_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT: report errors to the caller
_UTF8 = 1  # espeakCHARS_UTF8
_PARAMETERS = {"rate": 1, "volume": 2, "pitch": 3, "range": 4}  # espeak_PARAMETER
_LONGEST_PATH = 120  # espeak-ng keeps its data path in 160 bytes and appends file names
_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


def say(text: str, voice: str, rate: float, pitch: float, range_: float, seed: int) -> np.ndarray:
    """Speak a sentence.

    Parameters
    ----------
    voice
        Voice and variant, for example ``en-us+f2``.
    rate
        Words per minute, 80 to 450.
    pitch, range_
        0 to 99, 50 being the voice's own.
    seed
        Seed of the synthesiser's noise.

    Returns
    -------
    numpy.ndarray
        ``(samples,)`` int16 at :data:`ESPEAK_RATE`.

    Raises
    ------
    UserError
        If espeak-ng does not start or does not know the voice.
    """
    chunks: list[np.ndarray] = []

    def collect(samples: object, count: int, _events: object) -> int:
        if samples and count > 0:
            chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    callback = _CALLBACK(collect)  # lives here so that it outlives the calls below
    with _fresh_library() as library:
        library.espeak_SetSynthCallback(callback)
        library.espeak_ng_SetRandSeed(ctypes.c_long(seed))
        if library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise UserError(f"espeak-ng has no voice {voice!r}: install espeakng-loader 0.2.4")
        for name, value in (("rate", rate), ("pitch", pitch), ("range", range_), ("volume", 100)):
            library.espeak_SetParameter(_PARAMETERS[name], round(value), 0)
        encoded = text.encode() + b"\0"
        library.espeak_Synth(encoded, len(encoded), 0, 0, 0, _UTF8, None, None)
        library.espeak_Synchronize()
    assert chunks, f"espeak-ng said nothing for {text!r} with voice {voice}"
    return np.concatenate(chunks)


@contextmanager
def _fresh_library() -> Iterator[ctypes.CDLL]:
    """Load espeak-ng, start it, and unload it.

    The library keeps noise and filter state in static variables that neither restarting nor
    seeding resets; only unloading makes an utterance independent of the ones before it.
    """
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    try:
        with _short_path(Path(espeakng_loader.get_data_path())) as data:
            started = library.espeak_Initialize(_SYNCHRONOUS, 0, str(data).encode(), _DO_NOT_EXIT)
            if started != ESPEAK_RATE:
                raise UserError(
                    f"espeak-ng did not start with its data in {data}: reinstall espeakng-loader"
                )
            yield library
            library.espeak_Terminate()
    finally:
        process = ctypes.CDLL(None)
        process.dlclose.argtypes = [ctypes.c_void_p]
        process.dlclose(library._handle)


@contextmanager
def _short_path(folder: Path) -> Iterator[Path]:
    """The folder itself, or a link to it from a short path where its own is too long."""
    if len(str(folder)) <= _LONGEST_PATH:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="espeak") as temporary:
        link = Path(temporary) / "data"
        link.symlink_to(folder, target_is_directory=True)
        yield link
