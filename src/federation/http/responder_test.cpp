#include "federation/http/responder.hpp"

#include <doctest/doctest.h>

#include "base/os/thread.hpp"

namespace euromesh::federation {
namespace {

class Recorder final : public CallSink {
  public:
    Recorder(std::vector<HttpAnswer>& answers, int& streams) : answers_(answers), streams_(streams) {}
    void answer(HttpAnswer answer) override { answers_.push_back(std::move(answer)); }
    std::shared_ptr<EventStream> open_events() override {
        ++streams_;
        return std::make_shared<EventStream>(10, [] {});
    }

  private:
    std::vector<HttpAnswer>& answers_;
    int& streams_;
};

struct Desk {
    std::vector<HttpAnswer> answers{};
    int streams = 0;
    Responder responder() { return {std::make_unique<Recorder>(answers, streams), "r-9"}; }
};

TEST_CASE("the first answer counts") {
    Desk desk;
    {
        const Responder first = desk.responder();
        const Responder copy = first;
        copy.answer(text_answer("one", "text/plain"));
        first.answer(text_answer("two", "text/plain"));
        CHECK(first.open_events() == nullptr);
    }
    REQUIRE(desk.answers.size() == 1);
    CHECK(desk.answers[0].body == "one");
}

TEST_CASE("a call that is forgotten gets a 500, when its last copy is gone") {
    Desk desk;
    {
        Responder kept = desk.responder();
        { const Responder copy = kept; }
        CHECK(desk.answers.empty());
    }
    REQUIRE(desk.answers.size() == 1);
    CHECK(desk.answers[0].status == 500);
    CHECK(desk.answers[0].body.find("r-9") != std::string::npos);
}

TEST_CASE("results become documents or problems") {
    Desk desk;
    desk.responder().result(Json{{"a", 1}}, 202);
    desk.responder().result(fail(Code::not_found, "no job j-1"));
    REQUIRE(desk.answers.size() == 2);
    CHECK(desk.answers[0].status == 202);
    CHECK(desk.answers[1].status == 404);
    CHECK(desk.answers[1].body.find("no job j-1") != std::string::npos);
}

TEST_CASE("of many threads that answer one wins") {
    Desk desk;
    const Responder responder = desk.responder();
    {
        std::vector<os::Thread> threads;
        for (int i = 0; i < 4; ++i) threads.emplace_back([&] { responder.answer({}); });
    }
    CHECK(desk.answers.size() == 1);
    CHECK(desk.streams == 0);
}

}  // namespace
}  // namespace euromesh::federation
