#include "federation/service/coordinator.hpp"

#include <algorithm>

#include "federation/service/coordinator_for_test.hpp"

namespace euromesh::federation {
namespace {

constexpr Nanoseconds hour = std::chrono::hours(1);

// Nothing is left that the coordinator would do on its own.
void wait_for_rest(const Coordinator& coordinator) {
    REQUIRE(eventually([&] {
        const auto entries = coordinator.read(
            [](const Core& core) { return static_cast<std::uint64_t>(core.tables().next_seq()); });
        return coordinator.durable() == entries && !coordinator.heads().empty() &&
               coordinator.heads().back().head.size == entries;
    }));
}

TEST_CASE("an answer comes only when the events are durable, and the next command builds on them at once") {
    CoordinatorWorld world;
    const auto coordinator = world.founded();
    world.disk.hold();
    const std::uint64_t durable = coordinator->durable();
    Awaited<Json> first, second, nothing_new;
    const Submit submit{small_job("reef"), "a-key", "body"};
    coordinator->execute({person("ada"), submit}, first.callback());
    coordinator->execute({person("ada"), Submit{small_job("reef"), "", ""}}, second.callback());
    // Has no events of its own, but rests on the first one's.
    coordinator->execute({person("ada"), submit}, nothing_new.callback());
    const auto jobs = [&] {
        return coordinator->read([](const Core& core) { return core.tables().jobs().size(); });
    };
    REQUIRE(eventually([&] { return world.disk.is_somebody_waiting() && jobs() == 2; }));
    CHECK_FALSE(first.has_come());
    CHECK_FALSE(second.has_come());
    CHECK_FALSE(nothing_new.has_come());
    CHECK(coordinator->durable() == durable);

    world.disk.let_go();
    CHECK(first.get()->at("job") != second.get()->at("job"));
    CHECK(nothing_new.get()->at("job") == first.get()->at("job"));
    CHECK(coordinator->durable() > durable);
}

TEST_CASE("what the core refuses is answered at once, and changes nothing") {
    CoordinatorWorld world;
    const auto coordinator = world.founded();
    wait_for_rest(*coordinator);
    const std::string before = digest_of(*coordinator);
    world.disk.hold();
    const auto refused = ask(*coordinator, person("bo"), Submit{small_job("reef"), "", ""});
    world.disk.let_go();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::not_found);
    CHECK(digest_of(*coordinator) == before);
}

TEST_CASE("a restart replays to the same state, with the same heads, and goes on") {
    CoordinatorWorld world;
    std::string digest;
    std::vector<SignedHead> heads;
    std::vector<std::string> entries;
    {
        const auto coordinator = world.founded();
        for (int i = 0; i < 5; ++i) world.submit(*coordinator);
        wait_for_rest(*coordinator);
        digest = digest_of(*coordinator);
        heads = coordinator->heads();
        entries = coordinator->entries(0, 1000).value();
        CHECK(entries.size() == coordinator->durable());
    }
    const auto again = world.open();
    CHECK(digest_of(*again) == digest);
    REQUIRE_FALSE(again->heads().empty());
    CHECK(again->heads().back().head.root == heads.back().head.root);
    CHECK(again->entries(0, 1000).value() == entries);
    world.submit(*again);
    wait_for_rest(*again);
    CHECK(again->heads().back().head.size > heads.back().head.size);
}

TEST_CASE("a restart from a snapshot gives the same state and the same tree") {
    CoordinatorWorld world;
    world.options.snapshot_every = 3;
    std::string digest;
    TreeHead head;
    {
        const auto coordinator = world.founded();
        for (int i = 0; i < 5; ++i) world.submit(*coordinator);
        wait_for_rest(*coordinator);
        REQUIRE(eventually([&] { return world.store()->latest_snapshot()->has_value(); }));
        digest = digest_of(*coordinator);
        head = coordinator->heads().back().head;
    }
    const auto snapshot = world.store()->latest_snapshot().value();
    REQUIRE(snapshot);
    CHECK(snapshot->at >= 3);
    const auto again = world.open();
    CHECK(digest_of(*again) == digest);
    const Proof proof = again->consistency_proof(head.size, head.size).value();
    CHECK(verify_consistency(head.size, head.size, head.root, again->heads().back().head.root, proof));
    const std::string first = again->entries(0, 1)->at(0);
    CHECK(verify_inclusion(leaf_hash(first), 0, head.size, again->inclusion_proof(0, head.size).value(),
                           head.root));
}

TEST_CASE("a damaged entry, a damaged snapshot's length, another key and another leader are told apart") {
    CoordinatorWorld world;
    {
        const auto coordinator = world.founded();
        const auto second = world.try_open(world.key);
        REQUIRE_FALSE(second);
        CHECK(second.error().code == Code::conflict);
    }
    const auto foreign = world.try_open(SigningKey::generate());
    REQUIRE_FALSE(foreign);
    CHECK(foreign.error().code == Code::refused);
    {
        const auto store = world.store();
        REQUIRE(store->acquire_lead("test"));
        REQUIRE(store->put_snapshot(2, "no snapshot of ours"));
    }
    const auto damaged = world.try_open(world.key);
    REQUIRE_FALSE(damaged);
    CHECK(damaged.error().code == Code::corrupted);
    CHECK(damaged.error().message.find("snapshot at 2") != std::string::npos);
}

TEST_CASE("an entry that is not this federation's is named, and nothing starts on it") {
    CoordinatorWorld world;
    { world.founded(); }
    std::uint64_t size = 0;
    {
        const auto store = world.store();
        REQUIRE(store->acquire_lead("test"));
        size = store->size().value();
        REQUIRE(store->append(size, std::vector<std::string>{"{\"v\":1}"}));
    }
    const auto opened = world.try_open(world.key);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().message.starts_with(fmt::format("entry {}:", size)));
}

TEST_CASE("a log that is not what was signed starts nothing") {
    CoordinatorWorld world;
    std::string origin;
    {
        const auto coordinator = world.founded();
        wait_for_rest(*coordinator);
        origin = coordinator->heads().back().head.origin;
    }
    const auto put_head = [&](std::uint64_t size) {
        const SignedHead signed_head = sign_head({origin, size, NodeHash{}, 1}, world.key);
        const auto store = world.store();
        REQUIRE(store->acquire_lead("test"));
        REQUIRE(store->put_document("heads", Json::array({encode(signed_head)}).dump()));
    };
    put_head(1);
    const auto changed = world.try_open(world.key);
    REQUIRE_FALSE(changed);
    CHECK(changed.error().code == Code::corrupted);
    CHECK(changed.error().message == "the first 1 entries are not those that were signed");
    put_head(1'000'000);
    const auto cut = world.try_open(world.key);
    REQUIRE_FALSE(cut);
    CHECK(cut.error().message.starts_with("a head of 1000000 entries was signed, and the log has "));
}

TEST_CASE("when the log fails, everybody is told, for good, and nothing of the store is") {
    CoordinatorWorld world;
    auto coordinator = world.founded();
    wait_for_rest(*coordinator);
    const std::uint64_t durable = coordinator->durable();
    world.disk.hold();
    std::vector<Awaited<Json>> answers(5);
    for (auto& answer : answers)
        coordinator->execute({person("ada"), Submit{small_job("reef"), "", ""}}, answer.callback());
    REQUIRE(eventually([&] { return world.disk.is_somebody_waiting(); }));
    world.disk.fail_with({Code::refused, "another one leads /secret/place"});
    world.disk.let_go();
    const auto check = [](const Result<Json>& answer) {
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == Code::unavailable);
        CHECK(answer.error().message.find("secret") == std::string::npos);
    };
    for (const auto& answer : answers) check(answer.get());
    CHECK(coordinator->is_failed());
    check(ask(*coordinator, person("ada"), Submit{small_job("reef"), "", ""}));
    check(ask(*coordinator, person("root"), SetSiteState{"site-a", "active", ""}));  // no event
    CHECK(coordinator->durable() == durable);
    CHECK(world.logged().find("another one leads") != std::string::npos);
    coordinator.reset();
    CHECK(world.open()->durable() == durable);
}

TEST_CASE("orders come only when what they rest on is durable, and never when it will not be") {
    CoordinatorWorld world;
    const auto coordinator = world.founded();
    const SiteReport empty{"journal-1", -1, {}};
    REQUIRE(report(*coordinator, "site-a", empty));
    const std::string job = world.submit(*coordinator);
    REQUIRE(eventually([&] { return state_of(*coordinator, job) == "placed"; }));
    wait_for_rest(*coordinator);

    world.disk.hold();
    Awaited<Orders> held;
    Actor site;
    site.account = site.site = "site-a";
    coordinator->report(site, empty, held.callback());
    REQUIRE(eventually([&] { return world.disk.is_somebody_waiting(); }));
    CHECK_FALSE(held.has_come());
    SUBCASE("durable") {
        world.disk.let_go();
        const auto orders = held.get();
        REQUIRE(orders);
        REQUIRE(orders->start.size() == 1);
        CHECK(orders->start[0].job == job);
        CHECK(orders->start[0].sites == std::vector<std::string>{"site-a"});
        CHECK(coordinator->durable() >= static_cast<std::uint64_t>(orders->as_of));
    }
    SUBCASE("never durable") {
        world.disk.fail_with({Code::corrupted, "the disk is gone"});
        world.disk.let_go();
        CHECK_FALSE(held.get());
        CHECK_FALSE(report(*coordinator, "site-a", empty));
    }
}

// The report's own events are durable; those of somebody else, on which its orders rest, never will be.
TEST_CASE("orders that rest on another's lost events are not given out") {
    CoordinatorWorld world;
    const auto coordinator = world.founded();
    REQUIRE(report(*coordinator, "site-a", {"journal-1", -1, {}}));
    std::atomic<bool> is_other_in{false};
    // On the log's thread, between the report's events and its answer.
    coordinator->on_event([&](const Happening& happening) {
        if (happening.type != "site.journal_opened" || is_other_in.exchange(true)) return;
        world.disk.fail_with({Code::corrupted, "the disk is gone"});
        const auto size = [&] {
            return coordinator->read([](const Core& c) { return c.tables().next_seq(); });
        };
        const auto before = size();
        coordinator->execute({person("ada"), Submit{small_job("reef"), "", ""}}, [](const auto&) {});
        CHECK(eventually([&] { return size() > before; }));
    });
    const auto orders = report(*coordinator, "site-a", {"journal-2", -1, {}});
    REQUIRE_FALSE(orders);
    CHECK(orders.error().code == Code::unavailable);
}

TEST_CASE("commands are decided in their order without their callers' time; too many at once are refused") {
    CoordinatorWorld world;
    world.options.most_undecided = 8;
    const auto coordinator = world.founded();
    std::atomic<int> answered{0}, refused{0};
    std::atomic<bool> may_go_on{false};
    // What decides is held at its first answer.
    coordinator->execute({person("ada"), Submit{small_job("nobody's"), "", ""}}, [&](const auto& answer) {
        CHECK_FALSE(answer);
        ++answered;
        CHECK(eventually([&] { return may_go_on.load(); }));
    });
    CHECK(eventually([&] { return answered == 1; }));
    for (int i = 0; i < 20; ++i) {
        coordinator->execute({person("ada"), Submit{small_job("nobody's"), "", ""}}, [&](const auto& answer) {
            REQUIRE_FALSE(answer);
            refused += answer.error().code == Code::unavailable ? 1 : 0;
            ++answered;
        });
    }
    CHECK(refused == 12);
    CHECK(answered == 13);
    may_go_on = true;
    CHECK(eventually([&] { return answered == 21; }));
    CHECK(refused == 12);
}

TEST_CASE("heads are signed by the coordinator, grow, and each is a beginning of the next") {
    CoordinatorWorld world;
    const auto coordinator = world.founded();
    for (int i = 0; i < 4; ++i) {
        world.submit(*coordinator);
        wait_for_rest(*coordinator);
    }
    const std::vector<SignedHead> heads = coordinator->heads();
    REQUIRE(heads.size() >= 4);
    for (std::size_t i = 0; i < heads.size(); ++i) {
        CHECK(is_signed_by(heads[i], world.key.public_key()));
        CHECK(heads[i].head.origin == "federation.example");
        CHECK(heads[i].head.size <= coordinator->durable());
        if (i == 0) continue;
        const TreeHead &a = heads[i - 1].head, &b = heads[i].head;
        CHECK(a.size < b.size);
        CHECK(a.time_ms <= b.time_ms);
        CHECK(verify_consistency(a.size, b.size, a.root, b.root,
                                 coordinator->consistency_proof(a.size, b.size).value()));
    }
    CHECK_FALSE(coordinator->consistency_proof(5, 4));
    CHECK_FALSE(coordinator->inclusion_proof(1'000'000, 1'000'000));
}

TEST_CASE("a head's time does not go back with the clock, else sites would refuse it") {
    CoordinatorWorld world;
    const auto coordinator = world.founded();
    wait_for_rest(*coordinator);
    const std::int64_t before_ms = coordinator->heads().back().head.time_ms;
    world.clock.turn_wall_back(hour);
    world.submit(*coordinator);
    CHECK(eventually([&] { return coordinator->heads().back().head.size == coordinator->durable(); }));
    CHECK(coordinator->heads().back().head.time_ms >= before_ms);
}

TEST_CASE("countersignatures are taken from the site's own key only, and survive a restart") {
    CoordinatorWorld world;
    auto coordinator = world.founded();
    wait_for_rest(*coordinator);
    const TreeHead head = coordinator->heads().back().head;
    const auto offer = [&](const SigningKey& key, const std::string& site, std::uint64_t size) {
        const Status taken = coordinator->countersign(size, countersign(head, site, key, 1000));
        return taken ? Code::internal : taken.error().code;
    };
    CHECK(offer(SigningKey::generate(), "site-a", head.size) == Code::refused);
    CHECK(offer(world.key, "site-a", head.size) == Code::refused);
    CHECK(offer(world.site_key, "site-b", head.size) == Code::refused);
    CHECK(offer(world.site_key, "site-a", head.size + 100) == Code::not_found);
    const auto signed_of = [](const Coordinator& one, std::uint64_t size) -> std::size_t {
        for (const SignedHead& each : one.heads())
            if (each.head.size == size) return each.countersignatures.size();
        return 0;
    };
    CHECK(signed_of(*coordinator, head.size) == 0);
    CHECK(offer(world.site_key, "site-a", head.size) == Code::internal);
    CHECK(offer(world.site_key, "site-a", head.size) == Code::internal);
    CHECK(signed_of(*coordinator, head.size) == 1);
    REQUIRE(eventually([&] {
        const auto kept = world.store()->get_document("heads").value().value_or("");
        return kept.find("site-a") != std::string::npos;
    }));
    coordinator.reset();
    CHECK(signed_of(*world.open(), head.size) == 1);
}

TEST_CASE("a site's key counts for heads that hold its admission, also after a restart") {
    CoordinatorWorld world;
    auto coordinator = world.founded();
    wait_for_rest(*coordinator);
    const TreeHead before = coordinator->heads().back().head;
    world.admit(*coordinator, "site-b");
    wait_for_rest(*coordinator);
    const TreeHead after = coordinator->heads().back().head;
    for (int life = 0; life < 2; ++life) {
        const Status early =
            coordinator->countersign(before.size, countersign(before, "site-b", world.site_key, 1000));
        REQUIRE_FALSE(early);
        CHECK(early.error().message == "site site-b was admitted after that head");
        CHECK(coordinator->countersign(after.size, countersign(after, "site-b", world.site_key, 1000)));
        coordinator.reset();
        coordinator = world.open();
    }
}

TEST_CASE("listeners hear each event once, in order, and when it is durable") {
    CoordinatorWorld world;
    auto coordinator = world.open();
    std::mutex mutex;
    std::vector<std::int64_t> heard;
    bool is_early = false;
    coordinator->on_event([&](const Happening& happening) {
        const std::lock_guard lock(mutex);
        heard.push_back(happening.seq);
        is_early |= coordinator->durable() <= static_cast<std::uint64_t>(happening.seq);
    });
    must_ask(*coordinator, person("root"), Found{world.federation()});
    must_ask(*coordinator, person("root"), SetProject{project_of("reef", "ada")});
    for (int i = 0; i < 20; ++i) world.submit(*coordinator);
    const std::uint64_t count = coordinator->durable();
    const std::lock_guard lock(mutex);
    CHECK_FALSE(is_early);
    REQUIRE(heard.size() >= 22);
    REQUIRE(heard.size() <= count);
    for (std::size_t i = 0; i < heard.size(); ++i) CHECK(heard[i] == static_cast<std::int64_t>(i));
}

TEST_CASE("a round that took too long is made smaller, a quick one grows, within limits") {
    constexpr auto may = std::chrono::milliseconds(30);
    CHECK(next_round_size(400, std::chrono::milliseconds(31), may) == 200);
    CHECK(next_round_size(round_least + 1, std::chrono::seconds(1), may) == round_least);
    CHECK(next_round_size(100, std::chrono::milliseconds(20), may) == 100);
    CHECK(next_round_size(100, std::chrono::milliseconds(14), may) == 125);
    CHECK(next_round_size(round_most, Nanoseconds(1), may) == round_most);
    // From the least it can grow again.
    CHECK(next_round_size(round_least, Nanoseconds(1), may) > round_least);
}

TEST_CASE("deciding waits for no reader, and no reader for it") {
    CoordinatorWorld world;
    const auto coordinator = world.founded();
    wait_for_rest(*coordinator);
    const auto refused = coordinator->read([&](const Core&) {
        return ask(*coordinator, person("bo"), Submit{small_job("reef"), "", ""});
    });
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::not_found);
}

TEST_CASE("time alone ends what is too old") {
    CoordinatorWorld world;
    const auto coordinator = world.founded();
    const std::string job = world.submit(*coordinator);
    must_ask(*coordinator, person("ada"), Cancel{job, "not needed"});
    CHECK(state_of(*coordinator, job) == "cancelled");
    world.clock.advance(24 * hour * 200);
    CHECK(eventually([&] { return state_of(*coordinator, job).empty(); }));
}

TEST_CASE("whoever asks while it ends is answered, and nobody waits for ever") {
    for (int round = 0; round < 20; ++round) {
        CoordinatorWorld world;
        auto coordinator = world.founded();
        REQUIRE(report(*coordinator, "site-a", {"journal-1", -1, {}}));
        world.disk.hold();
        Actor site;
        site.account = site.site = "site-a";
        Awaited<Json> submitted, unchanged;
        Awaited<Orders> reported;
        coordinator->execute({person("ada"), Submit{small_job("reef"), "", ""}}, submitted.callback());
        coordinator->execute({person("root"), SetSiteState{"site-a", "active", ""}}, unchanged.callback());
        coordinator->report(site, {"journal-1", -1, {}}, reported.callback());
        os::Thread end([&] { coordinator.reset(); });
        world.disk.let_go();
        CHECK(submitted.get());
        CHECK(unchanged.get());
        CHECK(reported.get());
        end.join();
    }
}

}  // namespace
}  // namespace euromesh::federation
