// Several sites in one test: their meshes over loopback, polled in turn by one thread.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/os/certificate.hpp"
#include "base/os/system_clock.hpp"
#include "sync/exchange/mesh.hpp"

namespace euromesh::sync {

inline const os::SystemClock test_clock;

class SitesForTest {
  public:
    using Change = std::function<void(MeshConfig&)>;

    explicit SitesForTest(std::size_t count, bool tls = true) : tls_(tls), meshes(count), events(count) {
        for (std::size_t rank = 0; rank < count; ++rank) {
            names.push_back(SiteId::parse("site" + std::to_string(rank), "site").value());
            endpoints.push_back({"127.0.0.1", 0});
        }
        authority = os::make_authority({"authority", "run-1"}, validity()).value();
    }

    static os::Validity validity(std::chrono::hours age = std::chrono::hours(1),
                                 std::chrono::hours rest = std::chrono::hours(1)) {
        const auto now = std::chrono::duration_cast<std::chrono::seconds>(test_clock.wall());
        return {now - age, now + rest};
    }

    MeshConfig config(Rank rank) const {
        MeshConfig made;
        made.run = RunId::parse("run-1", "run").value();
        for (Rank i = 0; i < names.size(); ++i) made.sites.push_back({names[i], endpoints[i]});
        made.self = rank;
        made.layout = "aaaa";
        made.hello = Json{{"from", rank}};
        made.dial_backoff_least = std::chrono::milliseconds(2);
        made.dial_backoff_most = std::chrono::milliseconds(20);
        if (tls_) made.tls = credentials(names[rank].text(), "run-1", authority);
        return made;
    }

    os::TlsCredentials credentials(const std::string& name, const std::string& run, const os::Issued& signer,
                                   const os::Validity& dates = validity()) const {
        const os::Issued issued = os::issue_certificate(signer, {name, run}, dates).value();
        return {signer.certificate, issued.certificate, issued.key};
    }

    void start(Rank rank, const Change& change = {}) {
        MeshConfig made = config(rank);
        if (change) change(made);
        auto opened = Mesh::open(std::move(made), test_clock);
        REQUIRE(opened);
        meshes[rank] = std::move(*opened);
        endpoints[rank].port = meshes[rank]->port();
    }

    // In the order of ranks, because each dials the lower ones.
    void start_all() {
        for (Rank rank = 0; rank < names.size(); ++rank) start(rank);
    }

    void turn() {
        for (Rank rank = 0; rank < meshes.size(); ++rank) {
            if (!meshes[rank]) continue;
            for (MeshEvent& event : meshes[rank]->poll(std::chrono::microseconds(50))) {
                events[rank].push_back(std::move(event));
            }
        }
    }

    bool until(const std::function<bool()>& condition,
               std::chrono::seconds limit = std::chrono::seconds(60)) {
        const Nanoseconds end = test_clock.monotonic() + limit;
        while (!condition()) {
            if (test_clock.monotonic() > end) return false;
            turn();
        }
        return true;
    }

    bool all_up() const {
        for (Rank a = 0; a < meshes.size(); ++a) {
            for (Rank b = 0; b < meshes.size(); ++b) {
                if (a != b && !(meshes[a] && meshes[a]->is_up(b))) return false;
            }
        }
        return true;
    }

    template <class Event>
    const Event* last(Rank rank) const {
        const Event* found = nullptr;
        for (const MeshEvent& event : events[rank]) {
            if (const Event* one = std::get_if<Event>(&event)) found = one;
        }
        return found;
    }

    template <class Event>
    std::size_t count(Rank rank) const {
        std::size_t number = 0;
        for (const MeshEvent& event : events[rank]) number += std::holds_alternative<Event>(event);
        return number;
    }

    std::string refusal(Rank rank) const {
        const PeerRefused* refused = last<PeerRefused>(rank);
        return refused ? refused->reason.message : "";
    }

  private:
    bool tls_;

  public:
    std::vector<SiteId> names;
    std::vector<os::Endpoint> endpoints;
    os::Issued authority;
    std::vector<std::unique_ptr<Mesh>> meshes;
    std::vector<std::vector<MeshEvent>> events;
};

inline std::span<const std::byte> test_bytes(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

inline bool has(const std::string& text, std::string_view part) {
    CAPTURE(text);
    return text.find(part) != std::string::npos;
}

}  // namespace euromesh::sync
