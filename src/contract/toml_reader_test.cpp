#include "contract/toml_reader.hpp"

#include <doctest/doctest.h>

namespace euromesh::contract {
namespace {

TomlReader reader(std::string_view text) {
    return *TomlReader::parse(text, "run.toml");
}

TEST_CASE("values of the right kind are read, absent ones take the default") {
    TomlReader root =
        reader("name = 'x'\n[outer]\nh = 30\nrate = 1\non = true\n[[site]]\nid='a'\n[[site]]\nid='b'\n");
    CHECK(root.required_text("name") == "x");
    TomlReader outer = root.table("outer");
    CHECK(outer.integer("h", 1) == 30);
    CHECK(outer.number("rate", 0.5) == 1.0);
    CHECK(outer.number("momentum", 0.9) == 0.9);
    CHECK(outer.boolean("on", false));
    std::vector<TomlReader> sites = root.tables("site");
    REQUIRE(sites.size() == 2);
    CHECK(sites[1].text("id", "") == "b");
    CHECK(sites[0].text("id", "") == "a");
    CHECK(root.table("absent").integer("x", 7) == 7);
    CHECK(root.finish());
}

TEST_CASE("the first problem is told in one line with file, line, table and key") {
    TomlReader root = reader("a = 1\n[outer]\nh = 0\n");
    root.integer("a", 0);
    CHECK(root.table("outer").integer("h", 30, {1, 1000}) == 30);
    CHECK(root.finish().error().message == "run.toml:3: [outer] h: 0 is out of range; use 1 to 1000");

    TomlReader wrong = reader("a = 1\nb = 2\n");
    wrong.text("b", "");
    wrong.integer("a", 0);
    CHECK(wrong.finish().error().message == "run.toml:2: b: must be text in quotes");

    TomlReader missing = reader("[outer]\n");
    missing.table("outer").required_text("codec");
    CHECK(missing.finish().error().message ==
          "run.toml:1: [outer] codec: is missing; it must be text in quotes");
}

TEST_CASE("an unknown key is an error that names the nearest known one") {
    TomlReader root = reader("[outer]\ninner_step = 3\n");
    TomlReader outer = root.table("outer");
    outer.integer("inner_steps", 30);
    outer.number("momentum", 0.9);
    CHECK(root.finish().error().message ==
          "run.toml:2: [outer] inner_step: unknown key; did you mean 'inner_steps'?");
}

TEST_CASE("a choice lists what is allowed") {
    TomlReader root = reader("codec = 'int9'\n");
    root.choice("codec", "int8", {"fp32", "int8"});
    CHECK(root.finish().error().message == "run.toml:1: codec: 'int9' is not one of: fp32, int8");
}

TEST_CASE("what is not TOML names line and column; size is bounded") {
    const Result<TomlReader> bad = TomlReader::parse("a = \n", "x.toml");
    REQUIRE(!bad);
    CHECK(bad.error().message.find("x.toml:1:") == 0);
    CHECK(!TomlReader::parse(std::string((1u << 20) + 1, ' '), "x.toml"));
}

TEST_CASE("numbers that are not finite are out of range") {
    TomlReader root = reader("rate = nan\n");
    root.number("rate", 1);
    CHECK(!root.finish());
}

}  // namespace
}  // namespace euromesh::contract
