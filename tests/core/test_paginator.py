"""Pages are found without counting the table."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.admin.paginator import BoundedPaginator
from customers.models import Customer


@pytest.fixture
def forty(db: None) -> None:
    """Forty customers."""
    Customer.objects.bulk_create(
        Customer(email=f"{number}@example.com", full_name=f"Number {number:02}") for number in range(40)
    )


def pages(lookahead: int, page: int = 1) -> BoundedPaginator:
    return BoundedPaginator(Customer.objects.order_by("full_name"), 10, lookahead=lookahead, page=page)


def test_within_the_bound_the_count_is_exact(forty: None) -> None:
    paginator = pages(lookahead=40)
    assert (paginator.count, paginator.num_pages, paginator.has_more) == (40, 4, False)


def test_beyond_the_bound_it_says_that_there_is_more(forty: None) -> None:
    paginator = pages(lookahead=20)
    assert (paginator.count, paginator.num_pages, paginator.has_more) == (20, 2, True)
    assert paginator.page(2).object_list[0].full_name == "Number 10"


def test_the_bound_moves_with_the_page(forty: None) -> None:
    paginator = pages(lookahead=20, page=2)
    assert (paginator.count, paginator.has_more) == (30, True)
    assert len(paginator.page(3).object_list) == 10


def test_one_bounded_query_counts(forty: None) -> None:
    paginator = pages(lookahead=20)
    with CaptureQueriesContext(connection) as queries:
        assert paginator.count == 20
        assert paginator.has_more
    (query,) = (one["sql"] for one in queries)
    assert "LIMIT 21" in query
    assert "ORDER BY" not in query


def test_lists_work_as_well() -> None:
    assert BoundedPaginator([1, 2, 3], 2).count == 3
