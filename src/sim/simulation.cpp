#include "sim/simulation.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "sim/faults.hpp"

namespace euromesh::sim {
namespace {

constexpr double start_spread_s = 0.5;
constexpr Nanoseconds supervision = std::chrono::milliseconds(500);

std::vector<LineModel> lines_of(const Setup& setup) {
    std::vector<LineModel> lines;
    for (const SiteModel& site : setup.sites) lines.push_back(site.line);
    return lines;
}

class Simulation final : public World, public NetworkUser {
  public:
    Simulation(const Setup& setup, const TraceSink& trace)
        : setup_(setup),
          trace_(trace),
          random_(derive_seed(setup.seed, 1)),
          network_(queue_, lines_of(setup), setup.network, derive_seed(setup.seed, 2), *this),
          checker_(setup, queue_) {
        for (Rank rank = 0; rank < setup.sites.size(); ++rank) {
            sites_.push_back(std::make_unique<Site>(*this, rank));
            queue_.after(from_seconds(start_spread_s * random_.uniform()), [this, rank] { start(rank); });
        }
        for (const Fault& fault : draw_faults(setup, random_)) {
            last_fault_ = std::max(last_fault_, fault.when);
            queue_.at(fault.when, [this, fault] { happen(fault); });
        }
        queue_.after(supervision, [this] { supervise(); });
    }

    Outcome run() {
        const Nanoseconds pause = 2 * stall_limit(setup_) + from_seconds(setup_.faults.away_s);
        while (!all([](const Site& site) { return site.has_left(); })) {
            if (queue_.step(std::max(moved_, last_fault_) + pause)) continue;
            checker_.failed(fmt::format("the run does not go on:{}", picture()));
            tell_standings();
            break;
        }
        return outcome();
    }

    const Setup& setup() const override { return setup_; }
    EventQueue& queue() override { return queue_; }
    SimNetwork& network() override { return network_; }
    Reductions& reductions() override { return reductions_; }
    Observer& observer() override { return checker_; }
    Site& site(Rank rank) override { return *sites_[rank]; }

    void happened(Rank rank, const std::string& what) override {
        mix(static_cast<std::uint64_t>(queue_.now().count()));
        mix(rank);
        const FastDigest digest = fast_digest(std::as_bytes(std::span(what)));
        for (const std::uint8_t byte : digest) mix(byte);
        if (trace_)
            trace_(fmt::format("{:12.6f} {}: {}", to_seconds(queue_.now()), setup_.sites[rank].name, what));
        if (what.starts_with("round ")) moved_ = queue_.now();
    }

    void ended(Rank rank, const std::optional<Error>& why) override {
        happened(rank, why ? "ends: " + why->message : "has left");
        if (!ending_) start_later(rank, from_seconds(setup_.faults.away_s * random_.uniform()));
    }

    bool is_running(Rank rank) const override { return sites_[rank]->is_running(); }
    void peer_up(Rank at, Rank peer) override { sites_[at]->peer_up(peer); }
    void peer_down(Rank at, Rank peer) override { sites_[at]->peer_down(peer); }

  private:
    template <class Test>
    bool all(Test test) const {
        return std::all_of(sites_.begin(), sites_.end(), [&](const auto& site) { return test(*site); });
    }

    void mix(std::uint64_t value) { mixed_ = derive_seed(mixed_, value); }

    void start(Rank rank) {
        if (sites_[rank]->is_running()) return;
        happened(rank, "starts");
        sites_[rank]->start();
    }

    void start_later(Rank rank, Nanoseconds after) {
        checker_.disturbed(queue_.now() + after);
        last_fault_ = std::max(last_fault_, queue_.now() + after);
        queue_.after(after, [this, rank] { start(rank); });
    }

    // As programs do: they leave after the last round, here only when all are there, so that all can be
    // compared.
    void supervise() {
        const bool at_end = queue_.now() > last_fault_ && network_.all_up() &&
                            all([](const Site& site) { return site.is_at_the_end(); });
        if (at_end && was_at_end_ && !std::exchange(ending_, true)) {
            network_.spoil_no_more();
            for (const auto& site : sites_) site->disk().make_room();  // nobody comes back any more
        }
        was_at_end_ = at_end;
        if (ending_ && end_seconds_ == 0) end_seconds_ = to_seconds(moved_);
        for (const auto& site : sites_) {
            const bool can_leave = site->is_running() && site->conductor()->role() == sync::Role::member;
            if (ending_ && can_leave && site->is_at_the_end()) site->leave();
        }
        queue_.after(supervision, [this] { supervise(); });
    }

    // ---- faults -------------------------------------------------------------------------------------------

    void happen(const Fault& fault) {
        if (ending_) return;
        const Rank a = random_.below(sites_.size());
        const Rank b = (a + 1 + random_.below(std::max<std::size_t>(sites_.size() - 1, 1))) % sites_.size();
        if (!befall(fault, a, b)) return;
        faults_[std::string(name_of(fault.kind))] += 1;
        checker_.disturbed(queue_.now() + fault.length);
        last_fault_ = std::max(last_fault_, queue_.now() + fault.length);
        happened(a, fmt::format("fault: {} for {:.3f} s ({})", name_of(fault.kind), to_seconds(fault.length),
                                setup_.sites[b].name));
    }

    // False: there is nothing that it could hit.
    bool befall(const Fault& fault, Rank a, Rank b) {
        Site& site = *sites_[a];
        switch (fault.kind) {
            case FaultKind::kill:
                return kill(a, Ending::killed, fault.length);
            case FaultKind::vanish:
                if (!kill(a, Ending::vanished, fault.length)) return false;
                keep_files(a);
                site.disk().replace();
                return true;
            case FaultKind::leave:
                site.ask_to_leave();
                return site.is_running();
            case FaultKind::clock_jump:
                site.clock().jump(from_seconds((random_.uniform() - 0.5) * 2 * 86400));
                return true;
            case FaultKind::full_disk:
                site.disk().fill();
                return true;
            case FaultKind::bit_flip:
                site.flip_next();
                return true;
            default:
                return befall_network(fault, a, b);
        }
    }

    bool befall_network(const Fault& fault, Rank a, Rank b) {
        const bool by_hub = std::any_of(setup_.sites.begin(), setup_.sites.end(),
                                        [](const SiteModel& site) { return site.line.by_hub; });
        switch (fault.kind) {
            case FaultKind::slow_line:
                network_.slow(a, 10, fault.length);
                return true;
            case FaultKind::hub_restart:
                if (by_hub) network_.restart_hub(fault.length);
                return by_hub;
            default:
                break;
        }
        if (a == b || !network_.carries(a, b)) return false;
        if (fault.kind == FaultKind::reset) network_.reset(a, b);
        if (fault.kind == FaultKind::outage) network_.outage(a, b, fault.length);
        const bool spoils = fault.kind == FaultKind::corrupt_frame || fault.kind == FaultKind::repeated_frame;
        if (spoils) network_.spoil(a, b);
        return true;
    }

    bool kill(Rank rank, Ending ending, Nanoseconds away) {
        if (!sites_[rank]->is_running()) return false;
        sites_[rank]->kill(ending);
        queue_.after(away, [this, rank] { start(rank); });
        return true;
    }

    // ---- the end ------------------------------------------------------------------------------------------

    void keep_files(Rank rank) {
        for (const std::string& text : sites_[rank]->disk().files()) checker_.manifest_file(rank, text);
    }

    std::string picture() const {
        std::string text;
        for (const auto& site : sites_) {
            const sync::Conductor* conductor = site->conductor();
            text += conductor ? fmt::format(" [{} round {} sees {}]", name_of(conductor->role()),
                                            conductor->position().round, conductor->members().size())
                              : std::string(" [down]");
        }
        return text;
    }

    void tell_standings() {
        for (Rank rank = 0; rank < sites_.size(); ++rank) {
            const sync::Conductor* conductor = sites_[rank]->conductor();
            if (conductor) happened(rank, encode(sync::Message{conductor->standing()}));
        }
    }

    Outcome outcome() {
        Outcome made;
        made.seconds = end_seconds_ > 0 ? end_seconds_ : to_seconds(queue_.now());
        made.events = queue_.done();
        made.faults = faults_;
        for (Rank rank = 0; rank < sites_.size(); ++rank) {
            keep_files(rank);
            made.sites.push_back({sites_[rank]->times(), network_.traffic(rank)});
        }
        made.findings = checker_.finish();
        for (const char one : made.findings.final_state) mix(static_cast<std::uint64_t>(one));
        mix(made.events);
        const std::uint64_t halves[] = {mixed_, derive_seed(mixed_, 1)};
        made.digest = fmt::format("{:016x}{:016x}", halves[0], halves[1]);
        return made;
    }

    const Setup& setup_;
    const TraceSink& trace_;
    EventQueue queue_;
    Random random_;
    SimNetwork network_;
    Reductions reductions_;
    Checker checker_;
    std::vector<std::unique_ptr<Site>> sites_;
    std::map<std::string, std::uint64_t> faults_;
    Nanoseconds last_fault_{0};
    Nanoseconds moved_{0};
    double end_seconds_ = 0;
    std::uint64_t mixed_ = 0;
    bool was_at_end_ = false;
    bool ending_ = false;
};

}  // namespace

Result<Outcome> simulate(const Setup& setup, const TraceSink& trace) {
    EM_TRY(check(setup));
    return Simulation(setup, trace).run();
}

}  // namespace euromesh::sim
