#include "contract/site_document.hpp"

#include <doctest/doctest.h>

namespace euromesh::contract {
namespace {

std::string error_of(const std::string& text) {
    const auto document = parse_site_document(text);
    return document ? "" : document.error().message;
}

TEST_CASE("a site document read, written and read again is the same") {
    const auto document =
        parse_site_document(R"({"country":"FI","operator":"CSC","hosting":"ju","labels":["green"],
        "grid_grams_per_kwh":50,"rules":"permit place;\n","partitions":[{"id":"g","system":"lumi","accelerator":"mi250x",
        "gpus":1000,"gpus_per_node":8,"gpu_memory_mib":65536,"max_duration":"P2D","runtimes":["apptainer"],
        "maintenance":[{"begin_ms":5,"end_ms":9}]}]})");
    REQUIRE_MESSAGE(document, document.error().message);
    CHECK(document->partitions[0].max_duration_ms == 2ll * 86400 * 1000);
    const auto again = read_site_document(to_json(*document));
    REQUIRE_MESSAGE(again, again.error().message);
    CHECK(*again == *document);
}

TEST_CASE("what is wrong is named with its place") {
    CHECK(error_of(R"({"country":"FI"})") == "site: /partitions must name at least one partition");
    CHECK(error_of(R"({"country":"FI","partitions":[{"id":"a","max_duration":60,
        "maintenance":[{"begin_ms":5,"end_ms":5}]}]})") ==
          "site: /partitions/0/maintenance/0/end_ms must be after begin_ms");
    CHECK(
        error_of(
            R"({"country":"FI","partitions":[{"id":"a","max_duration":60},{"id":"a","max_duration":60}]})") ==
        "site: /partitions must not name 'a' twice");
    CHECK(error_of(R"({"country":"FI","hosting":"mine","partitions":[{"id":"a","max_duration":60}]})")
              .find("/hosting must be one of") != std::string::npos);
}

}  // namespace
}  // namespace euromesh::contract
