"""How a stale study is tuned anew."""

import pytest

import sturgeon as st
from sturgeon.recheck.retune import search_of

SPACE = st.Space(x=st.Real(0.0, 1.0))


@pytest.mark.parametrize(
    ("search", "again"), [(st.Random(), st.Random()), (st.PopulationBasedTraining(population=4), None)]
)
def test_a_study_is_tuned_anew_by_its_search_and_a_population_by_the_usual_one(search, again):
    with st.Study.create(":memory:", SPACE, minimize="loss", search=search) as study:
        assert search_of(study) == again
