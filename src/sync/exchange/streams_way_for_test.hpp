// Sites that reach each other by several connections, and a forwarder between them that can be cut: for
// tests.
#pragma once

#include <atomic>
#include <list>
#include <mutex>

#include "sync/exchange/conformance_for_test.hpp"
#include "sync/exchange/stream_pair.hpp"
#include "sync/exchange/streams_way.hpp"

namespace euromesh::sync {

// Carries connections from its port to another one on this machine, in a thread.
class ForwarderForTest {
  public:
    ForwarderForTest()
        : listener_(os::Socket::listen({"127.0.0.1", 0}, {}).value()),
          port_(listener_.local_port()),
          thread_([this](const std::stop_token& stop) { serve(stop); }) {}

    os::Endpoint endpoint() const { return {"127.0.0.1", port_}; }
    void lead_to(std::uint16_t port) { target_ = port; }
    // Ends what is carried now: the first ones, as many as asked for.
    void cut(std::size_t number) { cut_ += static_cast<long>(number); }
    // While closed, whoever comes is sent away.
    void close() { open_ = false; }
    void open() { open_ = true; }
    long carried() const { return carried_; }
    long done() const { return done_; }

  private:
    void serve(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            std::vector<os::WaitItem> items{{&listener_, true, false, false, false}};
            for (const StreamPair& pair : pairs_)
                for (const os::WaitItem& item : pair.waits()) items.push_back(item);
            os::wait_ready(items, std::chrono::milliseconds(5));
            std::size_t at = 1;
            for (auto pair = pairs_.begin(); pair != pairs_.end(); at += 2)
                pair = pair->step(items[at], items[at + 1]) ? std::next(pair) : pairs_.erase(pair);
            for (long left = cut_.exchange(0); left > 0 && !pairs_.empty(); --left, ++done_)
                pairs_.pop_front();
            if (!open_) pairs_.clear();
            if (items[0].readable) take_one();
            carried_ = static_cast<long>(pairs_.size());
        }
    }
    void take_one() {
        auto accepted = listener_.accept({});
        if (!accepted || !*accepted || !open_) return;
        auto target = os::Socket::connect({"127.0.0.1", target_}, {});
        if (target) pairs_.emplace_back(std::move(**accepted), std::move(*target));
    }

    os::Socket listener_;
    const std::uint16_t port_;
    std::atomic<std::uint16_t> target_{0};
    std::atomic<bool> open_{true};
    std::atomic<long> cut_{0}, done_{0}, carried_{0};
    std::list<StreamPair> pairs_;
    os::Thread thread_;
};

class ByStreams final : public ExchangeForTest {
  public:
    explicit ByStreams(std::size_t streams, ForwarderForTest* forwarder = nullptr)
        : streams_(streams), forwarder_(forwarder) {}

    void prepare(const SitesForTest& sites, Rank self, MeshConfig& config) override {
        config.ways.resize(sites.names.size());
        for (Rank peer = 0; peer < sites.names.size(); ++peer) {
            if (peer != self) config.ways[peer] = way(sites, self, peer);
        }
    }
    std::shared_ptr<StreamsWay> way(const SitesForTest& sites, Rank self, Rank peer) {
        StreamsConfig made = usual;
        made.run = "run-1";
        made.self = sites.names[self].text();
        made.peer = sites.names[peer].text();
        made.streams = streams_;
        if (peer > self) return last[self] = std::make_shared<StreamsWay>(made, test_clock);
        os::Endpoint endpoint = sites.endpoints[peer];
        if (forwarder_) {
            forwarder_->lead_to(endpoint.port);
            endpoint = forwarder_->endpoint();
        }
        return last[self] = std::make_shared<StreamsWay>(made, test_clock, endpoint, ConnectorOptions{});
    }

    StreamsConfig usual;
    std::map<Rank, std::shared_ptr<StreamsWay>> last;  // by site: the last way that was made for it

  private:
    std::size_t streams_;
    ForwarderForTest* forwarder_;
};

}  // namespace euromesh::sync
