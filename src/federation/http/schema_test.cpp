#include "federation/http/schema.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

Json json(std::string_view text) {
    return parse_json(text).value();
}

SchemaSet job_schemas() {
    SchemaSet set;
    REQUIRE(set.add("Job", json(R"({"type":"object","required":["name","duration_s"],
        "additionalProperties":false,"properties":{
          "name":{"type":"string","minLength":1,"maxLength":5,"description":"shown to people"},
          "duration_s":{"type":"integer","minimum":1,"maximum":100},
          "share":{"type":"number","minimum":0.5},
          "tier":{"enum":["small","large"]},
          "arguments":{"type":"array","items":{"type":"string"},"minItems":1,"maxItems":2},
          "environment":{"type":"object","additionalProperties":{"type":"string"},"maxProperties":2},
          "note":{"type":["string","null"]},
          "attributes":{"type":"object"},
          "after":{"$ref":"#/components/schemas/Job"}}})")));
    REQUIRE(set.check_references());
    return set;
}

std::string only_fault(const std::string& document) {
    const SchemaSet set = job_schemas();
    const auto faults = set.faults_of("Job", json(document));
    REQUIRE(faults.size() == 1);
    return faults[0].pointer + ": " + faults[0].message;
}

TEST_CASE("what fits has no fault") {
    const SchemaSet set = job_schemas();
    for (
        const char* const good :
        {R"({"name":"a","duration_s":1})", R"({"name":"ünïcö","duration_s":100,"share":1,"tier":"large"})",
         R"({"name":"a","duration_s":1,"arguments":["x"],"environment":{"A":"b"},"note":null})",
         R"({"name":"a","duration_s":1,"note":"n","attributes":{"any":[1]},"after":{"name":"b","duration_s":2}})"}) {
        CHECK(set.faults_of("Job", json(good)).empty());
    }
}

TEST_CASE("each fault has its place and says what would be right") {
    CHECK(only_fault(R"([1])") == ": must be of type object, not array");
    CHECK(only_fault(R"({"duration_s":1})") == ": misses 'name'");
    CHECK(only_fault(R"({"name":1,"duration_s":1})") == "/name: must be of type string, not integer");
    CHECK(only_fault(R"({"name":"","duration_s":1})") == "/name: must have at least 1 characters, has 0");
    CHECK(only_fault(R"({"name":"üüüüüü","duration_s":1})") ==
          "/name: must have at most 5 characters, has 6");
    CHECK(only_fault(R"({"name":"a","duration_s":0})") == "/duration_s: must be at least 1");
    CHECK(only_fault(R"({"name":"a","duration_s":101})") == "/duration_s: must be at most 100");
    CHECK(only_fault(R"({"name":"a","duration_s":1.0})") ==
          "/duration_s: must be of type integer, not number");
    CHECK(only_fault(R"({"name":"a","duration_s":1,"share":0.4})") == "/share: must be at least 0.5");
    CHECK(only_fault(R"({"name":"a","duration_s":1,"tier":"big"})") ==
          R"(/tier: must be one of ["small","large"])");
    CHECK(only_fault(R"({"name":"a","duration_s":1,"arguments":[]})") ==
          "/arguments: must have at least 1 items, has 0");
    CHECK(only_fault(R"({"name":"a","duration_s":1,"arguments":["a",2]})") ==
          "/arguments/1: must be of type string, not integer");
    CHECK(only_fault(R"({"name":"a","duration_s":1,"environment":{"a/b~":1}})") ==
          "/environment/a~1b~0: must be of type string, not integer");
    CHECK(only_fault(R"({"name":"a","duration_s":1,"note":7})") ==
          R"(/note: must be of type ["string","null"], not integer)");
    CHECK(only_fault(R"({"name":"a","duration_s":1,"after":{"name":"b"}})") == "/after: misses 'duration_s'");
    CHECK(only_fault(R"({"name":"a","duration_s":1,"nmae":"x"})").starts_with("/nmae: is not known here"));
}

TEST_CASE("large integers are compared exactly") {
    SchemaSet set;
    REQUIRE(set.add("N", json(R"({"type":"integer","minimum":0,"maximum":9007199254740993})")));
    CHECK(set.faults_of("N", json("9007199254740993")).empty());
    CHECK(set.faults_of("N", json("9007199254740994")).size() == 1);
    CHECK(set.faults_of("N", json("18446744073709551615")).size() == 1);
    CHECK(set.faults_of("N", json("-1")).size() == 1);
    // Beyond 64 bits it is no integer any more.
    CHECK(set.faults_of("N", json("18446744073709551616")).size() == 1);
}

TEST_CASE("several faults are told, up to a number") {
    const SchemaSet set = job_schemas();
    CHECK(set.faults_of("Job", json(R"({"name":1,"duration_s":0,"tier":2})")).size() == 3);
    Json many = json(R"({"name":"a","duration_s":1})");
    for (int i = 0; i < 1000; ++i) many["x" + std::to_string(i)] = i;
    CHECK(set.faults_of("Job", many, 5).size() == 5);
}

TEST_CASE("deep documents of a schema that contains itself end") {
    const SchemaSet set = job_schemas();
    Json deep = json(R"({"name":"a","duration_s":1})");
    for (int i = 0; i < 60; ++i) deep = Json{{"name", "a"}, {"duration_s", 1}, {"after", deep}};
    CHECK(set.faults_of("Job", deep).empty());
}

TEST_CASE("schemas that would not be checked are refused") {
    SchemaSet set;
    for (const char* const bad :
         {R"({"pattern":"a+"})", R"({"oneOf":[]})", R"({"type":"text"})", R"({"type":[]})",
          R"({"required":"name"})", R"({"minLength":-1})", R"({"minimum":"1"})", R"({"properties":[]})",
          R"({"items":[1]})", R"([])", R"({"$ref":"other.json"})", R"({"enum":[]})",
          R"({"properties":{"a":{"pattern":"x"}}})"}) {
        CHECK_FALSE(set.add("Bad", json(bad)));
    }
    REQUIRE(set.add("A", json(R"({"$ref":"#/components/schemas/B"})")));
    CHECK(set.add("A", json("{}")).error().code == Code::conflict);
    CHECK(set.check_references().error().message.find("'B'") != std::string::npos);
    REQUIRE(set.add("B", json(R"({"$ref":"#/components/schemas/A"})")));
    CHECK(set.check_references().error().message.find("circle") != std::string::npos);
}

}  // namespace
}  // namespace euromesh::federation
