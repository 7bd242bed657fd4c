// Who listens to events, and which of them each may hear.
//
// An event goes out when it is durable. Each listener has the eyes of one actor (visibility.hpp) and perhaps
// one job only. A listener that comes back names the last event it had and gets what it missed, from the log.
// Thread rule: any thread. Bounded: the streams themselves drop who reads too slowly.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "federation/http/event_stream.hpp"
#include "federation/service/coordinator.hpp"
#include "federation/service/visibility.hpp"

namespace euromesh::federation {

class EventHub {
  public:
    // Registers with the coordinator, which it must not outlive.
    explicit EventHub(Coordinator& coordinator);

    // `job`: empty for all. `after`: number of the last event that the client has; -1: only new ones.
    void add(std::shared_ptr<EventStream> stream, Actor actor, std::string job, std::int64_t after);
    std::size_t listeners() const;

  private:
    struct Ear {
        std::shared_ptr<EventStream> stream;
        Actor actor;
        std::string job;
        std::int64_t had = -1;  // number of the last event that it was sent from the log
    };
    void hear(const Happening& happening);
    void send_missed(Ear& ear);
    bool concerns(const Ear& ear, const Happening& happening) const;

    Coordinator& coordinator_;
    mutable std::mutex mutex_;
    std::list<Ear> ears_;
};

}  // namespace euromesh::federation
