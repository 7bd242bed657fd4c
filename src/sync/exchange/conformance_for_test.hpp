// What every exchange must do, as one suite: the same checks for direct, proxies, commands, hub, spool and
// object store.
//
// An exchange gives itself as an ExchangeForTest, which puts its ways (or endpoints) into the configuration
// of each site; a test calls check_exchange() with a factory, in one test case. It runs each check on fresh
// sites. Thread rule: meshes are polled by the calling thread; what an exchange needs besides runs in its
// own.
#pragma once

#include <algorithm>
#include <cstring>

#include "base/random.hpp"
#include "sync/exchange/reduce.hpp"
#include "sync/exchange/sites_for_test.hpp"

namespace euromesh::sync {

class ExchangeForTest {
  public:
    virtual ~ExchangeForTest() = default;
    // Whatever this site needs to reach the others: ways, connector, limits of time. Called before each start
    // of a site, also after it was killed. Ways prove themselves with the site's true keys, whatever
    // config.tls is: what is wrong there must be found by the other site.
    virtual void prepare(const SitesForTest& sites, Rank self, MeshConfig& config) = 0;
    // How long one step of the suite may take before it has failed.
    virtual std::chrono::seconds patience() const { return std::chrono::seconds(60); }
};

using MakeExchange = std::function<std::unique_ptr<ExchangeForTest>(const SitesForTest&)>;

// Sites of a run that reach each other by one exchange.
struct ExchangeSites : SitesForTest {
    ExchangeSites(std::size_t number, const MakeExchange& make)
        : SitesForTest(number), exchange(make(*this)) {}
    // The meshes go before what carries them.
    ~ExchangeSites() { meshes.clear(); }

    void begin(Rank rank, const Change& change = {}) {
        start(rank, [&](MeshConfig& config) {
            exchange->prepare(*this, rank, config);
            if (change) change(config);
        });
    }
    void begin_all() {
        for (Rank rank = 0; rank < names.size(); ++rank) begin(rank);
        REQUIRE(in_time([&] { return all_up(); }));
    }
    bool in_time(const std::function<bool()>& condition) { return until(condition, exchange->patience()); }

    std::unique_ptr<ExchangeForTest> exchange;
};

inline std::string pattern_for_test(std::size_t size, std::uint64_t seed) {
    Random random(seed);
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>(random.next() >> 56);
    return text;
}

inline void check_comes_up(const MakeExchange& make) {
    ExchangeSites sites(3, make);
    sites.begin_all();
    for (Rank rank = 0; rank < 3; ++rank) {
        CHECK(sites.count<PeerUp>(rank) == 2);
        CHECK(sites.count<PeerDown>(rank) == 0);
        CHECK(sites.count<PeerRefused>(rank) == 0);
    }
    CHECK(sites.last<PeerUp>(0)->hello["from"] == sites.last<PeerUp>(0)->peer);
}

// Small and large ones, both ways at once, in the order in which they were sent.
inline void check_messages(const MakeExchange& make) {
    constexpr std::size_t large = 4u << 20;
    constexpr int each = 50;
    ExchangeSites sites(2, make);
    sites.begin_all();
    std::vector<std::string> sent;
    for (int i = 0; i < each; ++i)
        sent.push_back(pattern_for_test(i == each / 2 ? large : static_cast<std::size_t>(i * i), 7));
    for (Rank from = 0; from < 2; ++from) {
        for (const std::string& text : sent)
            REQUIRE(sites.meshes[from]->send(1 - from, static_cast<std::uint16_t>(text.size() % 1000),
                                             test_bytes(text)));
    }
    REQUIRE(sites.in_time(
        [&] { return sites.count<PeerMessage>(0) == each && sites.count<PeerMessage>(1) == each; }));
    for (Rank to = 0; to < 2; ++to) {
        std::size_t next = 0;
        for (const MeshEvent& event : sites.events[to]) {
            const auto* message = std::get_if<PeerMessage>(&event);
            if (message == nullptr) continue;
            const auto text = test_bytes(sent[next++]);
            CHECK(message->type == text.size() % 1000);
            CHECK(std::equal(text.begin(), text.end(), message->bytes.begin(), message->bytes.end()));
        }
    }
    const Traffic a = sites.meshes[0]->traffic(1), b = sites.meshes[1]->traffic(0);
    CHECK(a.sent_bytes == b.received_bytes);
    CHECK(b.sent_bytes == a.received_bytes);
    CHECK(a.sent_bytes > large);
    CHECK(sites.meshes[0]->total_traffic().sent_bytes == a.sent_bytes);
}

// One weighted sum over all sites, as bytes of the result at each.
inline std::vector<std::vector<float>> reduced_for_test(SitesForTest& sites, std::size_t size,
                                                        std::chrono::seconds patience) {
    std::vector<ReduceMember> members;
    std::vector<std::vector<float>> mine, result;
    std::vector<std::unique_ptr<AllReduce>> reduces;
    for (Rank rank = 0; rank < sites.names.size(); ++rank) {
        members.push_back({rank, 0.25f + 0.5f * static_cast<float>(rank)});
        Random random(rank + 1);
        mine.emplace_back(size);
        for (float& value : mine.back()) value = static_cast<float>(random.normal());
        result.emplace_back(size, -1.0f);
        reduces.push_back(std::make_unique<AllReduce>(*sites.meshes[rank], **find_codec("int8")));
    }
    for (Rank rank = 0; rank < members.size(); ++rank)
        REQUIRE(reduces[rank]->start({1, 1, 0}, members, mine[rank], result[rank]));
    REQUIRE(sites.until(
        [&] {
            return std::all_of(reduces.begin(), reduces.end(), [](const auto& one) { return one->done(); });
        },
        patience));
    for (const auto& reduce : reduces) CHECK(reduce->outcome());
    return result;
}

// The bits of the plain exchange: TCP on loopback without TLS.
inline void check_reduction(const MakeExchange& make) {
    constexpr std::size_t size = 100'003;
    SitesForTest plain(3, false);
    plain.start_all();
    REQUIRE(plain.until([&] { return plain.all_up(); }));
    const auto expected = reduced_for_test(plain, size, std::chrono::seconds(60));
    ExchangeSites sites(3, make);
    sites.begin_all();
    const auto got = reduced_for_test(sites, size, sites.exchange->patience());
    for (Rank rank = 0; rank < 3; ++rank)
        CHECK(std::memcmp(got[rank].data(), expected[0].data(), size * sizeof(float)) == 0);
}

inline void check_comes_back(const MakeExchange& make) {
    ExchangeSites sites(3, make);
    sites.begin_all();
    sites.meshes[1].reset();
    REQUIRE(sites.in_time([&] { return sites.count<PeerDown>(0) == 1 && sites.count<PeerDown>(2) == 1; }));
    CHECK(has(sites.last<PeerDown>(0)->reason.message, "site1"));
    CHECK(sites.meshes[0]->is_up(2));
    CHECK(sites.meshes[0]->send(1, 1, test_bytes("x")).error().code == Code::unavailable);
    sites.begin(1);
    REQUIRE(sites.in_time([&] { return sites.all_up(); }));
    REQUIRE(sites.meshes[0]->send(1, 5, test_bytes("again")));
    REQUIRE(sites.in_time([&] { return sites.count<PeerMessage>(1) == 1; }));
    CHECK(sites.last<PeerMessage>(1)->bytes.size() == 5);
}

// Site 1 shows other keys than those of its run: both ends say why, and nothing of the session passes.
inline void check_turned_away(ExchangeSites& sites, const os::TlsCredentials& shown,
                              std::string_view first_says, std::string_view second_says) {
    sites.begin(0);
    sites.begin(1, [&](MeshConfig& config) { config.tls = shown; });
    REQUIRE(sites.in_time([&] { return !sites.refusal(0).empty() && !sites.refusal(1).empty(); }));
    CHECK(has(sites.refusal(0), first_says));
    CHECK(has(sites.refusal(1), second_says));
    for (Rank rank = 0; rank < 2; ++rank) {
        CHECK(sites.count<PeerUp>(rank) == 0);
        CHECK(sites.count<PeerMessage>(rank) == 0);
        CHECK(sites.meshes[rank]->send(1 - rank, 1, test_bytes("state")).error().code == Code::unavailable);
    }
}

inline void check_strangers(const MakeExchange& make) {
    ExchangeSites sites(2, make);
    const auto other = os::make_authority({"authority", "run-1"}, SitesForTest::validity()).value();
    SUBCASE("another authority") {
        check_turned_away(sites, sites.credentials("site1", "run-1", other), "our certificate is not signed",
                          "not signed by this run's authority");
    }
    SUBCASE("another authority, with our authority's file") {
        os::TlsCredentials shown = sites.credentials("site1", "run-1", other);
        shown.authority = sites.authority.certificate;
        check_turned_away(sites, shown, "not signed by this run's authority",
                          "our certificate is not signed");
    }
    SUBCASE("expired") {
        const auto dates = SitesForTest::validity(std::chrono::hours(2), std::chrono::hours(-1));
        check_turned_away(sites, sites.credentials("site1", "run-1", sites.authority, dates),
                          "its certificate has expired", "our certificate has expired");
    }
    SUBCASE("another run") {
        check_turned_away(sites, sites.credentials("site1", "run-2", sites.authority),
                          "its certificate is for run 'run-2', expected 'run-1'", "refuses this site");
    }
}

inline void check_exchange(const MakeExchange& make) {
    SUBCASE("all sites come up") {
        check_comes_up(make);
    }
    SUBCASE("messages arrive in order, small and large, and every byte is counted") {
        check_messages(make);
    }
    SUBCASE("a reduction has the bits of the plain exchange") {
        check_reduction(make);
    }
    SUBCASE("one end is killed and comes back") {
        check_comes_back(make);
    }
    SUBCASE("who does not belong to the run is refused, with a reason at both ends") {
        check_strangers(make);
    }
}

}  // namespace euromesh::sync
