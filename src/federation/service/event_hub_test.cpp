#include "federation/service/event_hub.hpp"

#include <algorithm>

#include "federation/service/coordinator_for_test.hpp"

namespace euromesh::federation {
namespace {

constexpr std::size_t room = 256u << 10;

struct HubWorld : CoordinatorWorld {
    std::unique_ptr<Coordinator> coordinator = founded();
    EventHub hub{*coordinator};
    ~HubWorld() {
        hub.stop();
        coordinator.reset();
    }

    std::shared_ptr<EventStream> listen(const std::string& who, std::int64_t after = -1,
                                        const std::string& job = {}, std::size_t bytes = room) {
        auto stream = std::make_shared<EventStream>(bytes, [] {});
        hub.add(stream, person(who), job, after);
        return stream;
    }
    std::int64_t last() const {
        return coordinator->read([](const Core& core) { return core.tables().next_seq(); }) - 1;
    }
    // Drained: no round is under way any more.
    void rest(const std::string& job) const {
        REQUIRE(eventually([&] {
            return state_of(*coordinator, job) == "placed" &&
                   coordinator->durable() == static_cast<std::uint64_t>(last() + 1);
        }));
    }
};

std::vector<std::int64_t> numbers_in(const std::string& text) {
    std::vector<std::int64_t> numbers;
    for (std::size_t at = text.find("id: "); at != std::string::npos; at = text.find("\nid: ", at + 1))
        numbers.push_back(std::stoll(text.substr(text.find(' ', at) + 1, 20)));
    return numbers;
}

std::string all_of(EventStream& stream) {
    return stream.take(1u << 30);
}

TEST_CASE("a new listener hears what is new, of the own project") {
    HubWorld world;
    const auto ada = world.listen("ada"), bo = world.listen("bo"), root = world.listen("root");
    CHECK(world.hub.listeners() == 3);
    const std::string job = world.submit(*world.coordinator);
    world.rest(job);
    std::string text;
    REQUIRE(eventually([&] { return (text += all_of(*ada)).find("job.decided") != std::string::npos; }));
    CHECK(text.find("event: job.submitted") != std::string::npos);
    CHECK(text.find("federation.founded") == std::string::npos);
    must_ask(*world.coordinator, person("root"), SetSiteState{"site-a", "draining", ""});
    std::string of_bo, of_root;
    REQUIRE(eventually([&] { return (of_bo += all_of(*bo)).find("state_set") != std::string::npos; }));
    CHECK(numbers_in(of_bo).size() == 1);
    REQUIRE(eventually([&] { return (of_root += all_of(*root)).find("state_set") != std::string::npos; }));
    CHECK(numbers_in(of_root).size() >= 3);
}

TEST_CASE("who comes back gets what was missed, and then what is new, each once and in order") {
    HubWorld world;
    const std::string job = world.submit(*world.coordinator);
    world.rest(job);
    const auto stream = world.listen("root", 2);
    std::string text = all_of(*stream);
    const std::int64_t before = world.last();
    std::vector<std::int64_t> expected;
    for (std::int64_t i = 3; i <= before; ++i) expected.push_back(i);
    CHECK(numbers_in(text) == expected);
    world.submit(*world.coordinator, "bo", "dune");
    REQUIRE(eventually([&] {
        text += all_of(*stream);
        return numbers_in(text).size() > expected.size();
    }));
    CHECK(numbers_in(text).at(expected.size()) == before + 1);
    // The project's eyes count for the past, too.
    const std::string of_bo = all_of(*world.listen("bo", 0));
    CHECK(of_bo.find("\"" + job + "\"") == std::string::npos);
    CHECK(of_bo.find("site.admitted") != std::string::npos);
}

TEST_CASE("an event that is durable but not told yet comes once to who joins just then") {
    CoordinatorWorld world;
    auto coordinator = world.founded();
    const auto stream = std::make_shared<EventStream>(room, [] {});
    std::atomic<EventHub*> joined{nullptr};
    // Listeners hear one after another, so this one joins just before the hub hears of the same event.
    coordinator->on_event([&](const Happening& happening) {
        EventHub* hub = happening.type == "job.submitted" ? joined.exchange(nullptr) : nullptr;
        if (hub != nullptr) hub->add(stream, person("root"), "", 0);
    });
    EventHub hub(*coordinator);
    joined = &hub;
    world.submit(*coordinator);
    std::string text;
    REQUIRE(eventually([&] { return (text += all_of(*stream)).find("job.decided") != std::string::npos; }));
    const std::vector<std::int64_t> numbers = numbers_in(text);
    for (std::size_t i = 0; i < numbers.size(); ++i) CHECK(numbers[i] == static_cast<std::int64_t>(i) + 1);
    hub.stop();
    coordinator.reset();
}

TEST_CASE("of one job only") {
    HubWorld world;
    const std::string one = world.submit(*world.coordinator), two = world.submit(*world.coordinator);
    world.rest(two);
    const std::string text = all_of(*world.listen("ada", 0, one));
    CHECK(text.find("\"" + one + "\"") != std::string::npos);
    CHECK(text.find("\"" + two + "\"") == std::string::npos);
    CHECK(all_of(*world.listen("bo", 0, one)).empty());
}

TEST_CASE("who is too far behind gets a part and an end, and comes through in the end") {
    HubWorld world;
    contract::JobSpec large = small_job("reef");
    for (int i = 0; i < 20; ++i) large.arguments.push_back(std::string(2'000, 'x'));
    for (int i = 0; i < 12; ++i) must_ask(*world.coordinator, person("ada"), Submit{large, "", ""});
    const std::int64_t last = world.last();
    std::int64_t after = 0;
    int visits = 0;
    for (; after < last && visits < 20; ++visits) {
        const auto stream = world.listen("root", after);
        const auto numbers = numbers_in(all_of(*stream));
        CHECK((stream->end() == StreamEnd::open || stream->end() == StreamEnd::finished));
        REQUIRE_FALSE(numbers.empty());
        CHECK(numbers.front() == after + 1);
        after = numbers.back();
    }
    CHECK(visits > 1);
    CHECK(after >= last);
}

TEST_CASE("an entry larger than any buffer is told by its place") {
    HubWorld world;
    contract::JobSpec huge = small_job("reef");
    for (int i = 0; i < 40; ++i) huge.arguments.push_back(std::string(6'000, 'x'));
    const std::string job = must_ask(*world.coordinator, person("ada"), Submit{huge, "", ""}).at("job");
    const std::string text = all_of(*world.listen("ada", std::stoll(job.substr(1)) - 1));
    CHECK(text.find("\"left_out_bytes\":") != std::string::npos);
    CHECK(text.find("xxxx") == std::string::npos);
}

TEST_CASE("listeners that have left are let go") {
    HubWorld world;
    const auto stream = world.listen("ada");
    world.listen("bo");
    stream->close(StreamEnd::client_left);
    world.submit(*world.coordinator);
    CHECK(eventually([&] { return world.hub.listeners() == 1; }));
}

TEST_CASE("a listener that reads nothing is dropped, and holds nobody up") {
    HubWorld world;
    const auto slow = world.listen("ada", -1, "", 100);
    const auto quick = world.listen("ada");
    world.submit(*world.coordinator);
    CHECK(eventually([&] { return slow->end() == StreamEnd::too_slow; }));
    CHECK(eventually([&] { return quick->sent_events() >= 1; }));
}

TEST_CASE("a burst larger than any stream's buffer reaches whoever reads, whole and in order") {
    HubWorld world;
    const auto stream = world.listen("ada", -1, "", 8u << 10);
    constexpr std::size_t jobs = 40;  // of about 1 KB each
    for (std::size_t i = 0; i < jobs; ++i)
        world.coordinator->execute({person("ada"), Submit{small_job("reef"), "", ""}},
                                   [](const Result<Json>&) {});
    std::string text;
    const auto submitted = [&] {
        std::size_t count = 0;
        for (std::size_t at = 0; (at = text.find("event: job.submitted", at)) != std::string::npos; ++at)
            ++count;
        return count;
    };
    REQUIRE(eventually([&] {
        text += all_of(*stream);
        return submitted() == jobs;
    }));
    CHECK(text.size() > 8u << 10);
    CHECK(stream->end() == StreamEnd::open);
    const std::vector<std::int64_t> numbers = numbers_in(text);
    CHECK(std::is_sorted(numbers.begin(), numbers.end()));
    CHECK(std::adjacent_find(numbers.begin(), numbers.end()) == numbers.end());
}

TEST_CASE("who is further behind than what is kept is dropped, others are not") {
    CoordinatorWorld world;
    auto coordinator = world.founded();
    EventHub hub(*coordinator, {.recent_bytes = 16u << 10});
    const auto behind = std::make_shared<EventStream>(2u << 10, [] {});
    const auto quick = std::make_shared<EventStream>(room, [] {});
    hub.add(behind, person("ada"), "", -1);
    hub.add(quick, person("ada"), "", -1);
    for (int i = 0; i < 400 && behind->end() == StreamEnd::open; ++i) {
        world.submit(*coordinator);
        all_of(*quick);
    }
    CHECK(eventually([&] { return behind->end() == StreamEnd::too_slow; }));
    CHECK(quick->end() == StreamEnd::open);
    CHECK(eventually([&] { return hub.listeners() == 1; }));
    hub.stop();
    coordinator.reset();
}

TEST_CASE("a long log of others' events is gone through in visits, each of which gets further") {
    CoordinatorWorld world;
    auto coordinator = world.founded();
    for (int i = 0; i < 12; ++i) world.submit(*coordinator);
    const std::string own = world.submit(*coordinator, "bo", "dune");
    EventHub hub(*coordinator, {.missed_entries = 5});
    std::int64_t after = 4;  // what everybody sees comes before
    int visits = 0;
    std::string text;
    while (visits < 40 && text.find("\"" + own + "\"") == std::string::npos) {
        ++visits;
        const auto stream = std::make_shared<EventStream>(room, [] {});
        hub.add(stream, person("bo"), "", after);
        text = all_of(*stream);
        const auto numbers = numbers_in(text);
        if (stream->end() == StreamEnd::open) break;
        REQUIRE_FALSE(numbers.empty());
        REQUIRE(numbers.back() > after);
        after = numbers.back();
    }
    CHECK(visits > 1);
    CHECK(text.find("\"" + own + "\"") != std::string::npos);
    hub.stop();
    coordinator.reset();
}

TEST_CASE("after a restart a new listener hears what is new, and nothing of before") {
    CoordinatorWorld world;
    {
        const auto coordinator = world.founded();
        world.submit(*coordinator);
    }
    auto coordinator = world.open();
    EventHub hub(*coordinator);
    const auto stream = std::make_shared<EventStream>(room, [] {});
    const std::uint64_t before = coordinator->durable();
    hub.add(stream, person("root"), "", -1);
    world.submit(*coordinator);
    std::string text;
    REQUIRE(eventually([&] { return (text += all_of(*stream)).find("job.submitted") != std::string::npos; }));
    CHECK(numbers_in(text).front() >= static_cast<std::int64_t>(before));
    hub.stop();
    coordinator.reset();
}

}  // namespace
}  // namespace euromesh::federation
