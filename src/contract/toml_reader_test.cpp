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

TEST_CASE("lists of texts and of numbers, and dates") {
    TomlReader reader = TomlReader::parse(
                            "who = [\"DE\", \"FR\"]\none = 3\nthree = [1, 2.5, 4]\n"
                            "from = 2026-12-01\nquoted = \"2027-01-02\"\n",
                            "s.toml")
                            .value();
    CHECK(reader.texts("who", {}) == std::vector<std::string>{"DE", "FR"});
    CHECK(reader.texts("absent", {"x"}) == std::vector<std::string>{"x"});
    CHECK(reader.numbers("one", {}, 3) == std::vector<double>{3});
    CHECK(reader.numbers("three", {}, 3) == std::vector<double>{1, 2.5, 4});
    CHECK(reader.date("from", "") == "2026-12-01");
    CHECK(reader.date("quoted", "") == "2027-01-02");
    CHECK(reader.has("one"));
    CHECK_FALSE(reader.has("two"));
    CHECK(reader.finish());
}

TEST_CASE("a list with something else in it is refused with its place") {
    const auto problem = [](auto&& read) {
        TomlReader reader =
            TomlReader::parse("a = 1\nlist = [1, \"x\"]\ntexts = [1]\nlong = [1, 2, 3, 4]\nminus = -2\n",
                              "s.toml")
                .value();
        for (const char* key : {"a", "list", "texts", "long", "minus"}) (void)reader.has(key);
        read(reader);
        return reader.finish().error().message;
    };
    CHECK(problem([](TomlReader& r) { r.numbers("list", {}, 3); }) ==
          "s.toml:2: list: every element must be a number from 0 to 1.7976931348623157e+308");
    CHECK(problem([](TomlReader& r) { r.texts("texts", {}); }) ==
          "s.toml:3: texts: must be a list of texts in quotes: [\"one\", \"two\"]");
    CHECK(problem([](TomlReader& r) { r.numbers("long", {}, 3); }) ==
          "s.toml:4: long: must be a number, or a list of up to 3 numbers");
    CHECK(problem([](TomlReader& r) {
              r.numbers("minus", {}, 3, {0, 1});
          }) == "s.toml:5: minus: -2 is out of range; use 0 to 1");
}

}  // namespace euromesh::contract
