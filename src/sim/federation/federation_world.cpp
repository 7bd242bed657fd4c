#include "sim/federation/federation_world.hpp"

#include <functional>
#include <memory>
#include <queue>

#include "base/assert.hpp"
#include "base/random.hpp"
#include "federation/core/core.hpp"
#include "sim/federation/federation_agent.hpp"
#include "sim/federation/ledger_checker.hpp"

namespace euromesh::sim {
namespace {

using namespace federation;

constexpr std::int64_t origin_ms = 1'800'000'000'000;
constexpr std::int64_t faulty_ms = 3'600'000;  // faults end then, so that everything can come to its end
constexpr std::int64_t longest_ms = 20'000'000;
constexpr std::int64_t report_ms = 30'000;
constexpr const char* rules =
    "rule all\n  \"Everybody may\"\n  source \"simulation\"\npermit submit, cancel, place, admit, "
    "exchange;\n";

class World {
  public:
    explicit World(const FederationSetup& setup) : setup_(setup), random_(setup.seed) {}

    FederationOutcome run() {
        begin();
        while (!queue_.empty() && now_ms_ < origin_ms + longest_ms && !done()) {
            const Step step = queue_.top();
            queue_.pop();
            now_ms_ = step.at_ms;
            step.act();
        }
        finish();
        return std::move(outcome_);
    }

  private:
    struct Step {
        std::int64_t at_ms;
        std::int64_t number;
        std::function<void()> act;
        bool operator<(const Step& other) const {
            return std::pair(at_ms, number) > std::pair(other.at_ms, other.number);
        }
    };
    void after(std::int64_t ms, std::function<void()> act) {
        queue_.push({now_ms_ + ms, steps_++, std::move(act)});
    }
    bool faulty() const { return now_ms_ < origin_ms + faulty_ms; }
    bool strikes(const char* fault, std::uint64_t one_in) {
        if (!faulty() || random_.below(one_in) != 0) return false;
        outcome_.faults[fault] += 1;
        return true;
    }

    // One command as the service does it: nothing is answered that is not in the log.
    std::optional<Json> command(const Actor& actor, Ask ask) {
        auto outcome = core_.handle({actor, std::move(ask)}, now_ms_);
        if (!outcome) return last_error_ = outcome.error().message, std::nullopt;
        if (outcome->events.empty()) return outcome->answer;
        if (strikes("disk full", 60)) return std::nullopt;
        if (const Status status = core_.apply(outcome->events); !status) {
            outcome_.failures.push_back("apply: " + status.error().message);
            return std::nullopt;
        }
        if (strikes("restart before the log was durable", 80)) return restart(), std::nullopt;
        for (const Event& event : outcome->events) append(event);
        if (strikes("restart", 80)) restart();
        if (strikes("snapshot", 20)) snapshot_ = core_.snapshot(), snapshot_at_ = log_.size();
        return outcome->answer;
    }
    void append(const Event& event) {
        log_.push_back(event.text);
        checker_.see(event.text);
        const bool twice = setup_.count_twice && std::holds_alternative<ClaimEnded>(event.data);
        if (twice) checker_.see(event.text);
    }
    void restart() {
        core_ = Core();
        std::size_t from = 0;
        if (!snapshot_.empty()) {
            auto restored = Core::restore(snapshot_);
            if (!restored) return outcome_.failures.push_back(restored.error().message);
            core_ = std::move(*restored);
            from = snapshot_at_;
        }
        for (std::size_t i = from; i < log_.size(); ++i)
            if (const Status status = core_.replay(log_[i]); !status)
                outcome_.failures.push_back("replay: " + status.error().message);
    }

    void begin() {
        Found found;
        found.federation.name = "simulated";
        found.federation.administrators = {admin_.account};
        found.federation.governance.needed = found.federation.governance.needed_emergency = 0;
        found.federation.tiers = {{"t", "T", 0, 1, 3, false}};
        found.federation.rules = {{"all.rules", rules}};
        must(admin_, found);
        for (int i = 0; i < setup_.sites; ++i) add_site(fmt::format("s{}", i));
        ProjectRecord project;
        project.id = "p";
        project.organisation = "o";
        project.country = "FI";
        project.managers = {client_.account};
        must(admin_, SetProject{project});
        must(admin_, Grant{"p", "t", "ju", "", 40'000, 0, 0});
        for (int i = 0; i < setup_.jobs; ++i)
            after(static_cast<std::int64_t>(random_.below(600'000)), [this, i] { submit(i); });
        after(1000, [this] { plan(); });
        if (setup_.sites > 1 && random_.below(4) == 0)
            after(static_cast<std::int64_t>(random_.below(faulty_ms)), [this] { lose_site(); });
    }
    // Before the faults begin.
    void must(const Actor& actor, Ask ask) {
        auto outcome = core_.execute({actor, std::move(ask)}, now_ms_);
        EM_ASSERT(outcome.has_value(), "the setup of a simulation is sound");
        for (const Event& event : outcome->events) append(event);
    }
    void add_site(const std::string& id) {
        must(admin_, AdmitSite{id, std::string(64, '0'), "FI", "", "ju", {}});
        contract::SiteDocument document;
        document.country = "FI";
        document.hosting = "ju";
        document.partitions.push_back({"gpu", "", "a100", 8, 4, 1, 86'400'000, 64, 0, 0, 0, {}, {}});
        must({"", "", {}, {}, id}, DescribeSite{document});
        agents_.push_back(
            std::make_unique<FederationAgent>(id, derive_seed(setup_.seed, 100 + agents_.size())));
        const std::size_t index = agents_.size() - 1;
        after(static_cast<std::int64_t>(random_.below(report_ms)), [this, index] { poll(index); });
    }

    void submit(int i) {
        contract::JobSpec spec;
        spec.executable = "/bin/true";
        spec.project = "p";
        spec.gpus_per_process =
            1 + static_cast<std::int64_t>(derive_seed(setup_.seed, static_cast<std::uint64_t>(i)) % 8);
        spec.duration_ms = 600'000;
        if (i % 5 == 4 && setup_.sites > 1) spec.sites = spec.quorum = 2;
        const auto answer = command(client_, Submit{spec, fmt::format("key-{}", i), ""});
        // The answer may be lost, too: the client sends again with the same key.
        if (!answer || strikes("answer lost", 10)) return after(10'000, [this, i] { submit(i); });
        jobs_[i] = (*answer)["job"].get<std::string>();
        if (random_.below(6) == 0)
            after(static_cast<std::int64_t>(random_.below(900'000)), [this, i] { cancel(i); });
    }
    void cancel(int i) {
        if (!command(client_, Cancel{jobs_[i], ""})) after(10'000, [this, i] { cancel(i); });
    }
    void plan() {
        if (!core_.tables().waiting().empty() && core_.tables().placement_epoch() != planned_epoch_) {
            command(coordinator_, Plan{100});
            planned_epoch_ = core_.tables().placement_epoch();
        }
        after(20'000, [this] { plan(); });
        if (++plans_ % 20 == 0) planned_epoch_ = -1, command(coordinator_, Expire{});
    }

    // What is sent comes, comes twice, comes late, or never.
    void send(const std::function<void()>& arrive) {
        if (strikes("message lost", 10)) return;
        const std::int64_t ms = 10 + static_cast<std::int64_t>(random_.below(200));
        after(strikes("message late", 10) ? ms + static_cast<std::int64_t>(random_.below(300'000)) : ms,
              arrive);
        if (strikes("message doubled", 10))
            after(ms + static_cast<std::int64_t>(random_.below(100'000)), arrive);
    }
    void poll(std::size_t index) {
        if (agents_[index] == nullptr) return;
        FederationAgent& agent = *agents_[index];
        agent.step(now_ms_, world_);
        if (strikes("journal lost", 400)) agent.lose_journal();
        if (!strikes("agent down", 20)) {
            const SiteReport report = agent.report();
            send([this, index, report] { on_report(index, report); });
        }
        after(report_ms, [this, index] { poll(index); });
    }
    void on_report(std::size_t index, const SiteReport& report) {
        if (left_.count(index) != 0) return;
        const std::string site = fmt::format("s{}", index);
        if (!command({"", "", {}, {}, site}, report)) return;
        const Orders orders = core_.orders_for(site, report);
        send([this, index, orders] {
            if (agents_[index] != nullptr) agents_[index]->take(orders, now_ms_, world_);
        });
    }
    // The site burns down; some time after, an administrator notes that it has left.
    void lose_site() {
        outcome_.faults["site lost"] += 1;
        agents_[0].reset();
        after(300'000, [this] { declare_left(); });
    }
    void declare_left() {
        left_[0] = true;
        if (!command(admin_, SetSiteState{"s0", "left", "burnt down"}))
            after(10'000, [this] { declare_left(); });
    }

    bool done() const {
        if (static_cast<int>(jobs_.size()) < setup_.jobs || faulty()) return false;
        for (const auto& [i, id] : jobs_)
            if (!core_.tables().job(id)->over()) return false;
        for (const auto& agent : agents_)
            if (agent != nullptr && !agent->idle()) return false;
        return true;
    }
    void fail(const std::string& what) { outcome_.failures.push_back(what); }
    void check_job(const JobRecord& job) {
        const int started = world_.started[job.id], well = world_.ended_well[job.id];
        const auto most = static_cast<int>(job.spec.sites);
        if (!job.over()) fail(fmt::format("{} is {} at the end: {}", job.id, job.state, last_error_));
        if (started > most) fail(fmt::format("{} ran {} times, {} are right", job.id, started, most));
        if (job.state == "completed" && well < job.spec.quorum)
            fail(job.id + " is completed and did not run");
        if (job.state == "completed") outcome_.jobs_completed += 1;
        if (job.state == "lost" || job.state == "cancelled") outcome_.jobs_not_run += 1;
    }
    void finish() {
        if (static_cast<int>(jobs_.size()) != setup_.jobs ||
            static_cast<int>(core_.tables().jobs().size()) != setup_.jobs)
            fail(fmt::format("{} jobs were handed in, {} are known", setup_.jobs,
                             core_.tables().jobs().size()));
        for (const auto& [i, id] : jobs_) check_job(*core_.tables().job(id));
        checker_.finish();
        for (const std::string& failure : checker_.failures()) fail(failure);
        outcome_.digest = core_.digest();
        restart();
        if (core_.digest() != outcome_.digest) fail("replaying the log gives other tables");
        for (const auto& [id, a] : core_.tables().allocations())
            if (const auto& own = checker_.allocations().at(id); own.used != a.used || own.left != a.left)
                fail("the checker counts otherwise than the coordinator");
        outcome_.events = static_cast<std::int64_t>(log_.size());
    }

    FederationSetup setup_;
    Random random_;
    std::int64_t now_ms_ = origin_ms;
    std::int64_t steps_ = 0;
    std::int64_t plans_ = 0;
    std::int64_t planned_epoch_ = -1;
    std::priority_queue<Step> queue_;
    Core core_;
    std::vector<std::string> log_;
    std::string snapshot_;
    std::size_t snapshot_at_ = 0;
    LedgerChecker checker_;
    WorldRecord world_;
    std::vector<std::unique_ptr<FederationAgent>> agents_;
    std::map<std::size_t, bool> left_;
    std::map<int, std::string> jobs_;
    std::string last_error_;
    FederationOutcome outcome_;
    Actor admin_{"i|admin", "", {}, {}, ""};
    Actor client_{"i|client", "", {}, {}, ""};
    Actor coordinator_{"coordinator", "", {}, {}, ""};
};

}  // namespace

Result<FederationOutcome> simulate_federation(const FederationSetup& setup) {
    if (setup.sites < 1 || setup.sites > 64 || setup.jobs < 1 || setup.jobs > 64)
        return euromesh::fail(Code::bad_input, "sites and jobs must be 1 to 64");
    return World(setup).run();
}

Result<FederationCampaign> simulate_federations(std::uint64_t first_seed, std::uint64_t seeds) {
    FederationCampaign campaign;
    for (std::uint64_t seed = first_seed; seed < first_seed + seeds; ++seed) {
        FederationSetup setup;
        setup.seed = seed;
        EM_ASSIGN(FederationOutcome outcome, simulate_federation(setup));
        EM_ASSIGN(const FederationOutcome again, simulate_federation(setup));
        if (again.digest != outcome.digest) outcome.failures.push_back("a second run ends in another digest");
        campaign.seeds += 1;
        campaign.events += outcome.events;
        campaign.jobs_completed += outcome.jobs_completed;
        campaign.jobs_not_run += outcome.jobs_not_run;
        for (const auto& [fault, count] : outcome.faults) campaign.faults[fault] += count;
        if (outcome.failures.empty()) continue;
        if (campaign.failed.empty()) campaign.first_failure = outcome.failures.front();
        campaign.failed.push_back(seed);
    }
    return campaign;
}

}  // namespace euromesh::sim
