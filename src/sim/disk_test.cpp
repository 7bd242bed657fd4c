#include "sim/disk.hpp"

#include <doctest/doctest.h>

namespace euromesh::sim {
namespace {

sync::Position at(std::uint64_t round, const std::string& head) {
    return {round, head, 0};
}

}  // namespace

TEST_CASE("a chain that does not follow sets the file aside") {
    SimDisk disk;
    REQUIRE(disk.append("one"));
    REQUIRE(disk.open(at(1, sync::chain_digest("one"))));
    CHECK(disk.files() == std::vector<std::string>{"one\n"});
    REQUIRE(disk.continue_from(at(7, sync::chain_digest("seven")), "seven"));
    REQUIRE(disk.append("eight"));
    CHECK(disk.files() == std::vector<std::string>{"one\n", "eight\n"});
    disk.replace();
    CHECK(disk.files().empty());
}

TEST_CASE("a full disk fails one write and keeps what it has") {
    SimDisk disk;
    REQUIRE(disk.save({at(3, "head"), nullptr}));
    disk.fill();
    const Status saved = disk.save({at(4, "head"), nullptr});
    REQUIRE(!saved);
    CHECK(saved.error().code == Code::no_space);
    CHECK(disk.checkpoint()->position.round == 3);
    CHECK(disk.append("line"));
    disk.fill();
    disk.make_room();
    CHECK(disk.append("line"));
}

}  // namespace euromesh::sim
