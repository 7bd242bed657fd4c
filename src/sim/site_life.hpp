// What a site forgets when its process ends. Shared by the two halves of Site (site.cpp, site_trainer.cpp)
// and used by nothing else. Plain values; one thread.
#pragma once

#include "sim/site.hpp"

namespace euromesh::sim {

struct Site::Contribution {
    std::uint64_t epoch = 0;  // one from before a state was taken from a peer is void
    std::uint64_t fragment = 0;
    sync::Ready ready;
    SharedBytes encoded;
    std::string digest;
};

struct Site::Candidate {
    SharedState state;
    SharedBytes result;
};

struct Site::Life {
    Life(sync::ConductorConfig config, sync::Position position, const std::string& digest)
        : conductor(std::move(config), std::move(position), digest) {}

    // The engine's.
    sync::Conductor conductor;
    SharedState state;
    Candidate candidate;
    std::vector<std::optional<Contribution>> contributions;  // by fragment
    std::map<std::uint64_t, SharedBytes> results;            // by round, the last few
    std::shared_ptr<Reduction> reducing;
    std::string reducing_name;  // of the own contribution to it
    SharedState arrived;
    sync::Offer arrived_offer;
    std::map<Rank, std::uint64_t> state_serial;  // of the last state that was sent there
    std::uint64_t serial = 1;
    std::uint64_t epoch = 1;
    std::vector<std::uint64_t> versions;  // by fragment: the serial of its last change
    Nanoseconds busy_until{0};
    Nanoseconds last_event{0};
    Nanoseconds tick_at{0};
    std::uint64_t tick_number = 0;
    bool ends = false;
    std::optional<Contribution> again;  // of a broken site

    // The trainer's.
    Doing doing = Doing::nothing;
    std::uint64_t phase = 0;  // number of the inner steps at hand, and how they go
    Nanoseconds phase_began{0};
    std::uint64_t phase_steps = 0;
    double step_seconds = 0;
    Doing after_phase = Doing::nothing;
    bool pumping = false;
    SharedState shown;
    std::uint64_t shown_round = 0;
    std::uint64_t shown_serial = 0;
    std::uint64_t shown_epoch = 0;
    std::vector<std::uint64_t> bases;
    std::vector<bool> changed;
    std::vector<float> local;
    std::uint64_t steps_since = 0;  // inner steps that no contribution holds yet
    std::optional<Contribution> made;
    bool leave_asked = false;
    std::optional<Nanoseconds> wait_began;
    std::optional<Nanoseconds> reduce_began;
};

}  // namespace euromesh::sim
