"""docs/reliability.md says what the tests do."""

import table


def test_the_table_of_faults_is_what_the_tests_say() -> None:
    found = list(table.faults())
    assert len(found) >= 30
    assert table.committed() == table.rendered(found), "run `python tests/faults/table.py`"
