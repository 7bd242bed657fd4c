// A hub in a thread, its log kept: for tests of sites that meet there.
#pragma once

#include <mutex>

#include "base/os/thread.hpp"
#include "sync/exchange/hub.hpp"
#include "sync/exchange/hub_way.hpp"
#include "sync/exchange/sites_for_test.hpp"

namespace euromesh::sync {

class HubForTest {
  public:
    explicit HubForTest(HubConfig config) : config_(std::move(config)) {
        config_.listen = {"127.0.0.1", 0};
        start();
    }
    ~HubForTest() { stop(); }

    void start() {
        hub_ = Hub::open(config_, test_clock, log_).value();
        config_.listen.port = hub_->port();
        thread_ = os::Thread([this](const std::stop_token& token) {
            while (!token.stop_requested()) {
                const std::lock_guard lock(mutex_);
                hub_->poll(std::chrono::milliseconds(2));
            }
        });
    }
    void stop() {
        thread_ = os::Thread();
        hub_.reset();
    }

    os::Endpoint endpoint() const { return config_.listen; }
    Json status() {
        const std::lock_guard lock(mutex_);
        return hub_->status();
    }
    // How many lines have this text.
    std::size_t lines_with(std::string_view text) {
        const std::lock_guard lock(lines_mutex_);
        std::size_t count = 0;
        for (const std::string& line : lines_) count += line.find(text) != std::string::npos;
        return count;
    }

    std::shared_ptr<HubWay> way(const SitesForTest& sites, Rank self, Rank peer,
                                const ConnectorOptions& connector = {}) const {
        const std::string name = sites.names[self].text();
        return std::make_shared<HubWay>(
            HubWayConfig{endpoint(),
                         {RunId::parse("run-1", "run").value(), sites.names[self], sites.names[peer]},
                         sites.credentials(name, "run-1", sites.authority),
                         connector},
            test_clock);
    }

  private:
    HubConfig config_;
    std::mutex mutex_, lines_mutex_;
    std::vector<std::string> lines_;
    const Logger log_{test_clock, LogFormat::json_lines, LogLevel::info, [this](std::string_view line) {
                          const std::lock_guard lock(lines_mutex_);
                          lines_.emplace_back(line);
                      }};
    std::unique_ptr<Hub> hub_;
    os::Thread thread_;
};

inline HubConfig hub_config(const SitesForTest& sites) {
    HubConfig config;
    config.authorities = {sites.authority.certificate};
    return config;
}

}  // namespace euromesh::sync
