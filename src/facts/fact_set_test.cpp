#include "facts/fact_set.hpp"

#include <doctest/doctest.h>

namespace euromesh::facts {

TEST_CASE("the facts that travel in the program are without a problem") {
    const CheckedFacts checked = check_facts(FactFiles::built_in());
    for (const Problem& problem : checked.problems.kept()) MESSAGE(in_words(problem));
    CHECK(checked.problems.none());
    CHECK(checked.files.size() == 10);
    CHECK(checked.facts.countries.size() == 35);
    CHECK(checked.facts.links.size() == 300);
}

}  // namespace euromesh::facts
