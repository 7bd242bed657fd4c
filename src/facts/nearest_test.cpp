#include "facts/nearest.hpp"

#include <doctest/doctest.h>

namespace euromesh::facts {
namespace {
const std::vector<std::string> known = {"lumi-g",  "lumi-ai", "lumi-aif", "leonardo-booster",
                                        "mn5-acc", "DE",      "DK"};
}

TEST_CASE("names that begin so, then those that are mistyped, then those that hold it") {
    CHECK(nearest_names("lumi", known) == std::vector<std::string>{"lumi-ai", "lumi-aif", "lumi-g"});
    CHECK(nearest_names("lumi", known, 1) == std::vector<std::string>{"lumi-ai"});
    CHECK(nearest_names("leonardo-boster", known) == std::vector<std::string>{"leonardo-booster"});
    CHECK(nearest_names("lumi-x", known) == std::vector<std::string>{"lumi-g"});
    CHECK(nearest_names("leonardo-boster", {"leonardo-booster", "leonardo-cluster"}).size() == 1);
    CHECK(nearest_names("booster", known) == std::vector<std::string>{"leonardo-booster"});
    CHECK(nearest_names("de", known).front() == "DE");
    CHECK(nearest_names("LUMI-G", known).front() == "lumi-g");
}

TEST_CASE("what is like nothing has no neighbours, and a long one is no trouble") {
    CHECK(nearest_names("zzzzz", known).empty());
    CHECK(nearest_names("", known).empty());
    CHECK(nearest_names(std::string(1 << 20, 'x'), known).empty());
    CHECK(do_you_mean({}).empty());
    CHECK(do_you_mean({"a", "b"}) == " (do you mean a, b?)");
}

}  // namespace euromesh::facts
