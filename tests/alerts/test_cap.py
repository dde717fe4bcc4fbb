"""CAP messages against the schema of OASIS, read by libxml2."""

import pytest
from lxml import etree
from studies.office import alerts

from tests.support.office import Office, moving

CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"


@pytest.fixture(scope="module")
def standard():
    return alerts.schema()


def test_the_message_of_a_release_is_valid(standard, tmp_path):
    office = Office(tmp_path)
    office.release(1, moving(10))
    office.report()
    office.release(2, moving(10, -70), moving(50))
    office.report()
    message = etree.parse(office.results / "alerts" / office.last / "alert.xml")
    assert standard.validate(message), standard.error_log
    assert len(message.findall(f"{CAP}info")) == 2


def test_every_message_is_valid_and_names_stay_as_they_are(standard):
    made = list(alerts.messages())
    assert [standard.validate(etree.fromstring(one.encode())) for one in made] == [True] * 60, standard.error_log
    places = [one.text for one in etree.fromstring(made[0].encode()).iter(f"{CAP}areaDesc")]
    assert places[0] == "LS000001" and {"Val d'Err & <Sass>", "梅里 雪山"} < set(places)


@pytest.mark.parametrize("number", range(len(alerts.BROKEN)), ids=list(alerts.BROKEN))
def test_the_schema_refuses_what_is_broken(standard, number):
    message = next(alerts.messages())
    assert alerts.is_valid(standard, message)
    assert not alerts.is_valid(standard, list(alerts.broken(message))[number][1])
