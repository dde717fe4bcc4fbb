"""Every broken answer of an archive ends in one coded line; what is read has the right form."""

import json

from tests.hostile.archives_cases import BURST, READERS, cases, of_burst
from tests.hostile.support import checked


def test_archives(tmp_path):
    checked(cases, tmp_path, 150)


def test_whole_records_are_read():
    for record, reader in READERS.values():
        assert reader(json.dumps(record))
    granule = of_burst(json.dumps(BURST))
    assert (granule.stack, granule.burst_ids, granule.bytes) == ("D174", ("372326_IW3",), 147215404)
