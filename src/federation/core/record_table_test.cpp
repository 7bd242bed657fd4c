#include "federation/core/record_table.hpp"

#include <doctest/doctest.h>

#include <map>

#include "base/random.hpp"

namespace euromesh::federation {
namespace {

using Numbers = RecordTable<int>;

std::map<int, int> counted(const Numbers::Image& image) {
    std::map<int, int> counts;
    for (const auto& number : image) counts[*number] += 1;
    return counts;
}

TEST_CASE("a record is found, edited and erased by its id") {
    Numbers table;
    CHECK(table.find("a") == nullptr);
    CHECK(table.edit("a") == nullptr);
    REQUIRE(table.insert("a", 1) != nullptr);
    CHECK(table.insert("a", 2) == nullptr);
    CHECK(table.at("a") == 1);
    table.edit_at("a") = 3;
    CHECK(*table.find("a") == 3);
    CHECK(table.size() == 1);
    table.erase("a");
    CHECK_FALSE(table.contains("a"));
}

TEST_CASE("an image stays what it was, whatever becomes of the table") {
    Numbers table;
    for (int i = 0; i < 5; ++i) table.insert(std::to_string(i), i);
    const Numbers::Image image = table.image();
    table.edit_at("1") = 100;
    table.erase("2");
    table.insert("5", 5);
    CHECK(counted(image) == std::map<int, int>{{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 1}});
    CHECK(counted(table.image()) == std::map<int, int>{{0, 1}, {100, 1}, {3, 1}, {4, 1}, {5, 1}});
}

TEST_CASE("only a record that an image holds is copied to be edited") {
    Numbers table;
    table.insert("a", 1);
    const int* before = table.find("a");
    CHECK(table.edit("a") == before);
    {
        const Numbers::Image image = table.image();
        const int* moved = table.edit("a");
        CHECK(moved != before);
        CHECK(table.edit("a") == moved);
    }
    before = table.find("a");
    { const Numbers::Image image = table.image(); }
    CHECK(table.edit("a") == before);
}

TEST_CASE("images of many moments agree with plain copies") {
    Random random(7);
    Numbers table;
    std::map<std::string, int> plain;
    std::vector<std::pair<Numbers::Image, std::map<int, int>>> kept;
    for (int step = 0; step < 3000; ++step) {
        const std::string id = std::to_string(random.below(40));
        const int value = static_cast<int>(random.below(1000));
        if (random.below(4) == 0)
            table.erase(id), plain.erase(id);
        else if (plain.contains(id))
            table.edit_at(id) = plain[id] = value;
        else
            table.insert(id, value), plain[id] = value;
        if (random.below(20) == 0) {
            std::map<int, int> counts;
            for (const auto& [name, number] : plain) counts[number] += 1;
            kept.emplace_back(table.image(), counts);
        }
        if (kept.size() > 5) kept.erase(kept.begin());
        for (const auto& [image, counts] : kept) REQUIRE(counted(image) == counts);
    }
}

}  // namespace
}  // namespace euromesh::federation
