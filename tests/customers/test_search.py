"""A search term is taken for what it looks like."""

from __future__ import annotations

import pytest

from core.search import as_uuid
from customers.models import Customer
from customers.selectors.search import customers_like


@pytest.fixture
def cast(db: None) -> dict[str, Customer]:
    """Three customers that differ in everything."""
    return {
        name.split()[0].lower(): Customer.objects.create(full_name=name, email=email, phone=phone)
        for name, email, phone in (
            ("Ana Alvarez", "ana@example.com", "+19165550101"),
            ("Anatole Brown", "Brown@example.com", "+14085550202"),
            ("Zoë 100% Pure", "zoe@example.org", None),
        )
    }


@pytest.mark.parametrize(
    ("term", "names"),
    [
        ("ana", {"ana", "anatole"}),
        ("alvarez ANA", {"ana"}),
        ("  brown@EXAMPLE  ", {"anatole"}),
        ("ana@example.com", {"ana"}),
        ("(916) 555-01", {"ana"}),
        ("5550", {"ana", "anatole"}),
        ("100%", {"zoë"}),
        ("nobody", set()),
        ("", {"ana", "anatole", "zoë"}),
    ],
)
def test_terms(cast: dict[str, Customer], term: str, names: set[str]) -> None:
    found = Customer.objects.filter(customers_like(term))
    assert {one.full_name.split()[0].lower() for one in found} == names


def test_an_id_finds_its_customer(cast: dict[str, Customer]) -> None:
    wanted = cast["ana"]
    assert list(Customer.objects.filter(customers_like(str(wanted.pk)))) == [wanted]
    assert as_uuid("not an id") is None


@pytest.mark.parametrize("term", ["....", "((((", "- - - -"])
def test_a_term_of_punctuation_finds_nobody(cast: dict[str, Customer], term: str) -> None:
    assert not Customer.objects.filter(customers_like(term)).exists()
