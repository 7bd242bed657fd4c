#include "federation/service/output_desk.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

struct DeskWorld {
    ManualClock clock;
    OutputDesk desk{clock, std::chrono::seconds(10), 3};
    std::vector<Result<Json>> answers;

    void ask(const std::string& site, const std::string& claim) {
        desk.ask(site, claim, [this](Result<Json> answer) { answers.push_back(std::move(answer)); });
    }
};

TEST_CASE("a question waits for its site, and all who asked are answered once") {
    DeskWorld world;
    world.ask("site-a", "c1-0");
    world.ask("site-a", "c1-0");
    world.ask("site-b", "c2-0");
    CHECK(world.desk.wanted("site-a") == std::vector<std::string>{"c1-0"});
    CHECK(world.desk.wanted("site-b") == std::vector<std::string>{"c2-0"});
    CHECK(world.desk.wanted("site-c").empty());
    CHECK(world.answers.empty());
    world.desk.bring("site-a", "c1-0", {{"out", "printed"}});
    REQUIRE(world.answers.size() == 2);
    CHECK(world.answers[0]->at("out") == "printed");
    world.desk.bring("site-a", "c1-0", {{"out", "again"}});
    CHECK(world.answers.size() == 2);
    CHECK(world.desk.wanted("site-a").empty());
}

TEST_CASE("a site cannot answer for another one") {
    DeskWorld world;
    world.ask("site-a", "c1-0");
    world.desk.bring("site-b", "c1-0", {{"out", "forged"}});
    CHECK(world.answers.empty());
    CHECK(world.desk.wanted("site-a").size() == 1);
}

TEST_CASE("too many questions are answered at once; others when their time is over") {
    DeskWorld world;
    for (int i = 0; i < 3; ++i) world.ask("site-a", "c1-0");
    world.ask("site-a", "c1-0");
    REQUIRE(world.answers.size() == 1);
    CHECK(world.answers[0].error().code == Code::unavailable);
    world.desk.give_up();
    CHECK(world.answers.size() == 1);
    world.clock.advance(std::chrono::seconds(9));
    world.desk.give_up();
    CHECK(world.answers.size() == 1);
    world.clock.advance(std::chrono::seconds(1));
    world.desk.give_up();
    REQUIRE(world.answers.size() == 4);
    CHECK(world.answers[3].error().code == Code::unavailable);
    CHECK(world.answers[3].error().message.find("site-a") != std::string::npos);
    world.ask("site-a", "c1-0");
    CHECK(world.desk.wanted("site-a").size() == 1);
}

TEST_CASE("an answer may ask again") {
    DeskWorld world;
    world.desk.ask("site-a", "c1-0", [&](const Result<Json>&) { world.ask("site-a", "c2-0"); });
    world.desk.bring("site-a", "c1-0", Json::object());
    CHECK(world.desk.wanted("site-a") == std::vector<std::string>{"c2-0"});
}

}  // namespace
}  // namespace euromesh::federation
