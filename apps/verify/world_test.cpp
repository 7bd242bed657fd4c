#include "apps/verify/world.hpp"

#include <doctest/doctest.h>

#include "base/hash.hpp"
#include "federation/ledger/ledgers_for_test.hpp"

namespace euromesh::verify {
namespace {

TEST_CASE("what is not there, or of another type, is empty") {
    const Json object = {{"text", "a"}, {"number", 3}, {"flag", true}, {"list", {"x", "y"}}};
    CHECK(text_in(object, "text") == "a");
    CHECK(text_in(object, "number") == "");
    CHECK(text_in(Json(3), "text") == "");
    CHECK(number_in(object, "number") == 3);
    CHECK(number_in(object, "text") == 0);
    CHECK(flag_in(object, "flag"));
    CHECK_FALSE(flag_in(object, "number"));
    CHECK(holds_text(part_in(object, "list"), "y"));
    CHECK_FALSE(holds_text(part_in(object, "text"), "a"));
    CHECK(amount_in(object, "none").value() == 0);
    CHECK(amount_in(object, "number").value() == 3);
    CHECK_FALSE(amount_in(object, "text"));
    CHECK_FALSE(amount_in(Json{{"a", -1}}, "a"));
}

TEST_CASE("GPU-hours in thousandths are rounded up once, and have a ceiling") {
    CHECK(milli_gpu_hours(1, 3'600'000) == 1000);
    CHECK(milli_gpu_hours(1, 1) == 1);
    CHECK(milli_gpu_hours(0, 5) == 0);
    CHECK(milli_gpu_hours(2, -5) == 0);
    CHECK(milli_gpu_hours(1'000'000, 9'000'000'000'000'000) == 1'000'000'000'000'000);
}

TEST_CASE("the board's signatures count once a holder, and one that does not hold spoils all") {
    World world;
    world.board["one"] = federation::test_key(2).public_key();
    world.board["two"] = federation::test_key(3).public_key();
    const auto by = [](const char* holder, std::uint8_t key) {
        return Json{{"key", holder}, {"signature", to_hex(federation::test_key(key).sign("words"))}};
    };
    CHECK(check_board(world, Json::array({by("one", 2), by("two", 3)}), "words", 2));
    CHECK(check_board(world, Json::array(), "words", 0));
    CHECK_FALSE(check_board(world, Json::array({by("one", 2), by("one", 2)}), "words", 2));
    CHECK_FALSE(check_board(world, Json::array({by("one", 2), by("two", 2)}), "words", 1));
    CHECK_FALSE(check_board(world, Json::array({by("one", 2)}), "other", 1));
    CHECK_FALSE(check_board(world, Json::array({by("three", 2)}), "words", 1));
    CHECK_FALSE(check_board(world, Json(3), "words", 0));
}

}  // namespace
}  // namespace euromesh::verify
