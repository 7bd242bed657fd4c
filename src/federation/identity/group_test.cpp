#include "federation/identity/group.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

TEST_CASE("a group, its subgroups, role and authority") {
    const auto group =
        parse_group("urn:GEANT:example.eu:group:project-a:team-1:night:role=manager#aai.example.eu");
    REQUIRE(group);
    CHECK(group->name_space == "urn:geant:example.eu");
    CHECK(group->group == "project-a");
    CHECK(group->subgroups == std::vector<std::string>{"team-1", "night"});
    CHECK(group->role == "manager");
    CHECK(group->authority == "aai.example.eu");
    CHECK(group->path() == "project-a/team-1/night");
    CHECK(parse_group(to_urn(*group)) == group);
}

TEST_CASE("what may be left out, and what is percent-encoded") {
    const auto plain = parse_group("urn:geant:example.eu:group:a");
    REQUIRE(plain);
    CHECK(plain->subgroups.empty());
    CHECK(plain->role.empty());
    CHECK(plain->authority.empty());
    const auto coded = parse_group("urn:geant:example.eu:group:r%C3%A9seau%3Ax%20y#z");
    REQUIRE(coded);
    CHECK(coded->group == "r\xc3\xa9seau:x y");
    CHECK(to_urn(*coded) == "urn:geant:example.eu:group:r%C3%A9seau%3Ax%20y#z");
}

TEST_CASE("what is no group is nothing") {
    for (const char* wrong : {"",
                              "urn:geant:example.eu",
                              "urn:geant:example.eu:res:storage",
                              "urn:geant:example.eu:group:",
                              "urn:geant:example.eu:group:a::b",
                              "urn:geant:example.eu:group:a:",
                              "urn:geant:group:a",
                              "urn::x:group:a",
                              "uri:geant:x:group:a",
                              "urn:geant:x:group:role=m",
                              "urn:geant:x:group:a:role=",
                              "urn:geant:x:group:a:role=m:b",
                              "urn:geant:x:group:a#",
                              "urn:geant:x:group:a%2Fb",
                              "urn:geant:x:group:a/b",
                              "urn:geant:x:group:a%0A",
                              "urn:geant:x:group:a%4",
                              "urn:geant:x:group:a%zz",
                              "urn:geant:x:group:a b",
                              "urn:geant:x:group:a#b#c",
                              "/atlas/production"}) {
        CHECK_MESSAGE(!parse_group(wrong), wrong);
    }
    CHECK_FALSE(parse_group("urn:geant:x:group:" + std::string(2000, 'a')));
}

}  // namespace
}  // namespace euromesh::federation
