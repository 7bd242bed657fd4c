#include "contract/job_spec.hpp"

#include <doctest/doctest.h>

#include "base/os/file.hpp"

namespace euromesh::contract {
namespace {

constexpr const char* least = R"({"executable":"/bin/true","attributes":{"duration":60}})";

std::string error_of(const std::string& text) {
    const auto spec = parse_job_spec(text);
    return spec ? "" : spec.error().message;
}

TEST_CASE("the least job says what runs and for how long at most") {
    const auto spec = parse_job_spec(least);
    REQUIRE(spec);
    CHECK(spec->duration_ms == 60000);
    CHECK(spec->gpus_per_site() == 0);
    CHECK(spec->job_class == "production");
    CHECK(error_of(R"({"executable":"/bin/true"})") ==
          "job: /attributes/duration is missing: say how long the job runs at most, in seconds or as "
          "\"PT30M\"");
}

TEST_CASE("a spec read, written and read again is the same, and so are its bytes") {
    const auto spec =
        parse_job_spec(R"({"version":1,"name":"run","executable":"train","arguments":["--x","ä"],
        "environment":{"B":"2","A":"1"},"directory":"/scratch","stdout":"out","image":
        "sha256:0000000000000000000000000000000000000000000000000000000000000000",
        "resources":{"sites":{"count":3,"quorum":2},"processes":4,"gpus_per_process":8,"memory_mib":1024},
        "attributes":{"duration":"PT1H","project":"p1","class":"scavenger","kind":"federated-training",
        "accelerators":{"gh200":1000,"a100":400}},"data":[{"id":"corpus-fi"}],
        "preferences":{"sites":["lumi"],"countries":["FI"]}})");
    REQUIRE_MESSAGE(spec, error_of(""));
    CHECK(spec->gpus_per_site() == 32);
    const auto again = read_job_spec(to_json(*spec));
    REQUIRE(again);
    CHECK(*again == *spec);
    CHECK(to_json(*again).dump() == to_json(*spec).dump());
    CHECK(digest_of(*spec).size() == 64);
    CHECK(digest_of(*spec) != digest_of(parse_job_spec(least).value()));
}

TEST_CASE("what is wrong is named with its place and the remedy") {
    CHECK(error_of(R"({"executable":"a","attributes":{"duration":"1h"}})")
              .find("/attributes/duration must be 1 to") != std::string::npos);
    CHECK(error_of(R"({"version":2,"executable":"a","attributes":{"duration":5}})")
              .find("/version must be 1") != std::string::npos);
    CHECK(
        error_of(
            R"({"executable":"a","attributes":{"duration":5},"resources":{"sites":{"count":2,"quorum":3}}})") ==
        "job: /resources/sites/quorum must not be over the count of 2");
    CHECK(error_of(R"({"executable":"a","attributes":{"duration":5},"image":"latest"})")
              .find("/image must be") != std::string::npos);
    CHECK(error_of(R"({"executable":"a","attributes":{"duration":5,"clas":"x"}})") ==
          "job: /attributes/clas is unknown; do you mean 'class'?");
    CHECK(error_of(std::string(job_spec_max_bytes + 1, ' ')).find("over the limit") != std::string::npos);
}

TEST_CASE("a template takes the place of a program, and its files come with it") {
    const auto spec = parse_job_spec(R"({"template":"train","files":{"run.toml":"[run]\n\tname = 'x'"},
        "data":[{"id":"fi-text","site":"lumi"},{"id":"open"}],"attributes":{"duration":60}})");
    REQUIRE_MESSAGE(spec, spec.error().message);
    CHECK(spec->files.at("run.toml") == "[run]\n\tname = 'x'");
    CHECK(spec->reads_at("fi-text", "lumi"));
    CHECK(!spec->reads_at("fi-text", "leonardo"));
    CHECK(spec->reads_at("open", "leonardo"));
    const auto again = read_job_spec(to_json(*spec));
    REQUIRE_MESSAGE(again, again.error().message);
    CHECK(*again == *spec);
    CHECK(error_of(R"({"template":"train","attributes":{"duration":60}})").find("must hold 'run.toml'") !=
          std::string::npos);
    CHECK(error_of(R"({"template":"train","executable":"/bin/sh","files":{"run.toml":""},
        "attributes":{"duration":60}})")
              .find("/executable must be left out") != std::string::npos);
    CHECK(error_of(R"({"executable":"a","files":{"../x":""},"attributes":{"duration":60}})")
              .find("/files must have plain names") != std::string::npos);
    const std::string big(job_files_max_bytes - 1, 'x');
    CHECK(
        error_of(R"({"executable":"a","files":{"a":")" + big + R"(","b":"xx"},"attributes":{"duration":60}})")
            .find("/files must not be over") != std::string::npos);
}

TEST_CASE("what came later leaves the bytes of older jobs as they were") {
    const std::string text = to_json(parse_job_spec(least).value()).dump();
    CHECK(text.find("template") == std::string::npos);
    CHECK(text.find("files") == std::string::npos);
    CHECK(text.find("\"data\":[]") != std::string::npos);
}

TEST_CASE("the example is a job") {
    const auto text = os::read_file("examples/hello/job.json", job_spec_max_bytes);
    REQUIRE(text);
    const auto spec = parse_job_spec(*text);
    REQUIRE_MESSAGE(spec, spec.error().message);
    CHECK(!spec->executable.empty());
}

}  // namespace
}  // namespace euromesh::contract
