// Who listens to events, and which of them each may hear.
//
// An event goes out when it is durable. Each listener has the eyes of one actor (visibility.hpp) and perhaps
// one job only. A listener that comes back names the last event it had and gets what it missed, from the log.
//
// Why a thread of its own: hundreds of listeners must not hold up the log, which tells of events. The newest
// events are kept once for all; each listener has a place in them and is sent what its stream has room for,
// so a burst drops nobody who reads. Whoever is further behind than what is kept is dropped.
// Thread rule: any thread. Bounded: EventHubOptions, and the streams' own buffers.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/os/thread.hpp"
#include "federation/http/event_stream.hpp"
#include "federation/service/coordinator.hpp"
#include "federation/service/visibility.hpp"

namespace euromesh::federation {

struct EventHubOptions {
    std::size_t recent_bytes = 32u << 20;  // of events, kept for those who listen
    std::size_t missed_entries = 4000;     // of the log, gone through for one visit
};

class EventHub {
  public:
    // Registers with the coordinator; see stop().
    explicit EventHub(Coordinator& coordinator, EventHubOptions options = {});
    ~EventHub();
    EventHub(const EventHub&) = delete;
    EventHub& operator=(const EventHub&) = delete;

    // `job`: empty for all. `after`: number of the last event that the client has; -1: only new ones.
    void add(std::shared_ptr<EventStream> stream, Actor actor, std::string job, std::int64_t after);
    std::size_t listeners() const;
    // Nobody hears anything from now on. Before the coordinator ends, which itself ends before this object.
    void stop();

  private:
    struct Told {
        Happening happening;
        EventBytes bytes{};     // made for the first who hears it
        std::size_t scope = 0;  // place in the round's list of audiences
    };
    struct Ear {
        std::shared_ptr<EventStream> stream;
        Actor actor;
        std::string job;
        std::int64_t next = 0;  // number of the first event that it has not been through
    };
    // An audience, and whom it is for.
    struct Scope {
        const Happening* example;
        std::vector<bool> seen_by;  // in the order of the ears
    };
    void hear(const Happening& happening);
    void send_missed(Ear& ear);
    bool sees_now(const Ear& ear, const Happening& happening) const;
    void work_until(const std::stop_token& stop);
    bool tell_all();
    void take_in();
    std::vector<Scope> scopes_of_round(std::int64_t first);
    bool tell(Ear& ear, std::size_t number, const std::vector<Scope>& scopes);

    Coordinator& coordinator_;
    const EventHubOptions options_;

    std::mutex arriving_mutex_;
    std::condition_variable_any arrives_;
    std::vector<Happening> arriving_;
    std::int64_t heard_ = -1;  // number of the newest event
    bool is_stopped_ = false;

    mutable std::mutex mutex_;
    std::list<Ear> ears_;
    std::atomic<std::size_t> ear_count_{0};
    std::deque<Told> recent_;  // without a gap
    std::size_t recent_bytes_ = 0;
    os::Thread thread_;
};

}  // namespace euromesh::federation
