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
constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t faulty_ms = 4 * hour_ms;  // faults end then, so that everything can come to its end
constexpr std::int64_t longest_ms = 16 * hour_ms;
constexpr std::int64_t report_ms = 60'000;
constexpr std::int64_t plan_ms = 40'000;
constexpr std::int64_t again_ms = 10'000;  // what failed is tried again
constexpr int first_urgent = 1000;
constexpr const char* rules = R"(rule all
  "Everybody may"
  source "simulation"
permit submit, cancel, place, admit, exchange;
rule emergency-only-then
  "The class is for declared emergencies"
  source "simulation"
forbid submit, place
when workload.class == "emergency" and context.mode != "emergency";
rule emergency-displaces
  "All others give way"
  source "simulation"
permit preempt
when incoming.class == "emergency" and context.mode == "emergency";
rule scavengers-give-way
  "To services"
  source "simulation"
permit preempt
when incoming.class == "service" and workload.class == "scavenger";
)";
constexpr const char* stricter = R"(rule no-scavengers-at-s1
  "For a while"
  source "simulation"
forbid place
when workload.class == "scavenger" and site.id == "s1";
)";

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
        if (setup_.defect == Defect::forget_credit && !outcome->events.empty() &&
            std::holds_alternative<AllocationCredited>(outcome->events.back().data))
            outcome->events.pop_back();
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
        if (setup_.defect == Defect::count_twice && std::holds_alternative<ClaimEnded>(event.data))
            checker_.see(event.text);
        if (std::holds_alternative<ClaimDisplaced>(event.data)) outcome_.displaced += 1;
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
        for (const char* id : {"p", "q"}) {
            ProjectRecord project;
            project.id = id;
            project.organisation = "o";
            project.country = "FI";
            project.managers = {client_.account};
            must(admin_, SetProject{project});
            must(admin_, Grant{id, "t", "ju", "", 8'000 * setup_.jobs, 0, 0});
        }
        for (int i = 0; i < setup_.jobs; ++i) at_random(faulty_ms / 8, [this, i] { submit(i); });
        after(1000, [this] { plan(); });
        after(faulty_ms + hour_ms, [this] { give_up(); });
        if (setup_.sites > 1 && random_.below(4) == 0) at_random(faulty_ms, [this] { lose_site(); });
        if (random_.below(2) == 0) at_random(faulty_ms / 4, [this] { declare_emergency(); });
        if (random_.below(3) == 0) at_random(faulty_ms / 2, [this] { drain(setup_.sites - 1); });
        if (random_.below(4) == 0) at_random(faulty_ms / 2, [this] { admit(); });
        if (random_.below(3) == 0) at_random(faulty_ms / 2, [this] { change_rules(true); });
        for (std::size_t i = 0; i < agents_.size(); ++i)
            if (random_.below(4) == 0) at_random(faulty_ms / 2, [this, i] { cut(i); });
    }
    void at_random(std::int64_t within_ms, std::function<void()> act) {
        after(static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(within_ms))),
              std::move(act));
    }
    // Tried again until it is in the log; what the coordinator refuses is not.
    void insist(const Actor& actor, const Ask& ask) {
        last_error_.clear();
        if (!command(actor, ask) && last_error_.empty())
            after(again_ms, [this, actor, ask] { insist(actor, ask); });
    }
    // Before the faults begin.
    void must(const Actor& actor, Ask ask) {
        auto outcome = core_.execute({actor, std::move(ask)}, now_ms_);
        EM_ASSERT(outcome.has_value(), "the setup of a simulation is sound");
        for (const Event& event : outcome->events) append(event);
    }
    static contract::SiteDocument document() {
        contract::SiteDocument document;
        document.country = "FI";
        document.hosting = "ju";
        document.partitions.push_back({"gpu", "", "a100", 8, 4, 1, 86'400'000, 64, 0, 0, 0, {}, {}});
        return document;
    }
    void add_site(const std::string& id) {
        must(admin_, AdmitSite{id, std::string(64, '0'), "FI", "", "ju", {}});
        must({"", "", {}, {}, id}, DescribeSite{document()});
        add_agent(id);
    }
    void add_agent(const std::string& id) {
        agents_.push_back(
            std::make_unique<FederationAgent>(id, derive_seed(setup_.seed, 100 + agents_.size())));
        const std::size_t index = agents_.size() - 1;
        at_random(report_ms, [this, index] { poll(index); });
    }
    // A site joins; the administrator and its agent try until it is done.
    void admit() {
        outcome_.faults["site joins"] += 1;
        join(fmt::format("s{}", setup_.sites));
    }
    void join(const std::string& id) {
        const bool admitted = core_.tables().site(id) != nullptr ||
                              command(admin_, AdmitSite{id, std::string(64, '0'), "FI", "", "ju", {}});
        if (!admitted || !command({"", "", {}, {}, id}, DescribeSite{document()}))
            return after(again_ms, [this, id] { join(id); });
        add_agent(id);
    }
    void drain(int number) {
        outcome_.faults["site drains"] += 1;
        const std::string id = fmt::format("s{}", number);
        insist(admin_, SetSiteState{id, "draining", "new racks"});
        at_random(hour_ms, [this, id] {
            // Who has left meanwhile does not come back.
            if (core_.tables().site(id)->state == "draining") insist(admin_, SetSiteState{id, "active", ""});
        });
    }
    // Its batch system goes on; nothing goes in or out.
    void cut(std::size_t index) {
        outcome_.faults["cut of hours"] += 1;
        cut_until_[index] = now_ms_ + hour_ms / 2 + static_cast<std::int64_t>(random_.below(2 * hour_ms));
    }
    bool is_cut(std::size_t index) const {
        const auto found = cut_until_.find(index);
        return found != cut_until_.end() && now_ms_ < found->second;
    }
    void change_rules(bool strict) {
        outcome_.faults["rules change"] += 1;
        std::vector<NamedText> texts{{"all.rules", rules}};
        if (strict) texts.push_back({"stricter.rules", stricter});
        insist(admin_, ChangeRules{texts, {}});
        if (strict) at_random(hour_ms, [this] { change_rules(false); });
    }
    // Its work is called off when it still waits after the emergency.
    void declare_emergency() {
        outcome_.faults["emergency"] += 1;
        insist(admin_, SetMode{"emergency", now_ms_ + hour_ms, "flood", {}});
        const int from = next_urgent_;
        next_urgent_ += 2;
        for (int i = from; i < next_urgent_; ++i) {
            at_random(hour_ms / 2, [this, i] { submit(i, "emergency"); });
            after(hour_ms + 60'000, [this, i] { call_off(i); });
        }
    }
    void call_off(int i) {
        const auto found = jobs_.find(i);
        const JobRecord* job = found == jobs_.end() ? nullptr : core_.tables().job(found->second);
        if (job != nullptr && job->state == "waiting") insist(client_, Cancel{job->id, "the flood is over"});
        if (job == nullptr ? faulty() : !job->over()) after(10 * report_ms, [this, i] { call_off(i); });
    }

    // What no site takes, people call off in the end.
    void give_up() {
        for (const auto& [i, id] : jobs_)
            if (core_.tables().job(id)->state == "waiting") insist(client_, Cancel{id, "no site takes it"});
        after(hour_ms, [this] { give_up(); });
    }

    contract::JobSpec spec_of(int i, const std::string& job_class) const {
        const std::uint64_t drawn = derive_seed(setup_.seed, static_cast<std::uint64_t>(i));
        contract::JobSpec spec;
        spec.executable = "/bin/true";
        spec.project = drawn % 3 == 0 ? "q" : "p";
        spec.gpus_per_process = 1 + static_cast<std::int64_t>(drawn / 3 % 8);
        spec.duration_ms = hour_ms / 2;
        constexpr const char* classes[] = {"production", "scavenger", "development", "service"};
        spec.job_class = job_class.empty() ? classes[drawn / 24 % 4] : job_class;
        if (i % 5 == 4 && setup_.sites > 1 && job_class.empty()) spec.sites = spec.quorum = 2;
        return spec;
    }
    void submit(int i, const std::string& job_class = "") {
        last_error_.clear();
        const auto answer = command(client_, Submit{spec_of(i, job_class), fmt::format("key-{}", i), ""});
        if (!answer && !last_error_.empty()) return;  // refused: the emergency is not declared, or over
        // The answer may be lost, too: the client sends again with the same key.
        if (!answer || strikes("answer lost", 10))
            return after(again_ms, [this, i, job_class] { submit(i, job_class); });
        jobs_[i] = (*answer)["job"].get<std::string>();
        if (random_.below(6) == 0) at_random(hour_ms, [this, i] { insist(client_, Cancel{jobs_[i], ""}); });
    }
    void plan() {
        if (!core_.tables().waiting().empty() && core_.tables().placement_epoch() != planned_epoch_) {
            command(coordinator_, Plan{100});
            planned_epoch_ = core_.tables().placement_epoch();
        }
        after(plan_ms, [this] { plan(); });
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
        if (!is_cut(index) && !strikes("agent down", 20)) {
            SiteReport report = agent.report();
            if (setup_.defect == Defect::keep_hold)
                for (ClaimReport& claim : report.claims)
                    if (claim.state == "refused") claim.state = "accepted";
            send([this, index, report, session = agent.session()] { on_report(index, session, report); });
        }
        after(report_ms, [this, index] { poll(index); });
    }
    void on_report(std::size_t index, int session, const SiteReport& report) {
        // Who introduced itself last is the site's agent: the door refuses what the one before has still
        // sent.
        int& door = session_[index];
        if (left_.count(index) != 0 || session < door) return;
        door = session;
        const std::string site = agents_[index] == nullptr ? "s0" : agents_[index]->site();
        if (!command({"", "", {}, {}, site}, report)) return;
        Orders orders = core_.orders_for(site, report);
        deliver(index, orders);
        orders.journal.clear();
        if (setup_.defect == Defect::offer_twice) deliver((index + 1) % agents_.size(), orders);
    }
    void deliver(std::size_t index, const Orders& orders) {
        send([this, index, orders] {
            if (agents_[index] != nullptr && !is_cut(index)) agents_[index]->take(orders, now_ms_, world_);
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
        insist(admin_, SetSiteState{"s0", "left", "burnt down"});
    }

    bool done() const {
        if (faulty()) return false;
        for (const auto& [i, id] : jobs_)
            if (!core_.tables().job(id)->over()) return false;
        for (const auto& agent : agents_)
            if (agent != nullptr && !agent->idle()) return false;
        return true;
    }
    void fail(const std::string& what) { outcome_.failures.push_back(what); }
    void check_job(const JobRecord& job) {
        const int started = world_.started[job.id], well = world_.ended_well[job.id];
        const auto most = static_cast<int>(job.spec->sites) * (1 + checker_.displaced(job.id));
        if (!job.over()) fail(fmt::format("{} is {} at the end: {}", job.id, job.state, last_error_));
        if (started > most) fail(fmt::format("{} ran {} times, {} are right", job.id, started, most));
        if (job.state == "completed" && well < job.spec->quorum)
            fail(job.id + " is completed and did not run");
        if (job.state == "completed") outcome_.jobs_completed += 1;
        if (job.state == "lost" || job.state == "cancelled") outcome_.jobs_not_run += 1;
    }
    void finish() {
        const auto ordinary = std::distance(jobs_.begin(), jobs_.lower_bound(first_urgent));
        if (ordinary != setup_.jobs || core_.tables().jobs().size() != jobs_.size())
            fail(fmt::format("{} jobs were handed in, {} are known, {} are in the tables", setup_.jobs,
                             jobs_.size(), core_.tables().jobs().size()));
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
    std::map<std::size_t, int> session_;
    std::map<std::size_t, std::int64_t> cut_until_;
    std::map<int, std::string> jobs_;  // what was answered; from first_urgent on: of emergencies
    int next_urgent_ = first_urgent;
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

Result<FederationCampaign> simulate_federations(const FederationSetup& setup, std::uint64_t seeds) {
    FederationCampaign campaign;
    for (std::uint64_t i = 0; i < seeds; ++i) {
        FederationSetup one = setup;
        one.seed = setup.seed + i;
        EM_ASSIGN(FederationOutcome outcome, simulate_federation(one));
        EM_ASSIGN(const FederationOutcome again, simulate_federation(one));
        if (again.digest != outcome.digest) outcome.failures.push_back("a second run ends in another digest");
        campaign.seeds += 1;
        campaign.events += outcome.events;
        campaign.jobs_completed += outcome.jobs_completed;
        campaign.jobs_not_run += outcome.jobs_not_run;
        campaign.displaced += outcome.displaced;
        for (const auto& [fault, count] : outcome.faults) campaign.faults[fault] += count;
        if (outcome.failures.empty()) continue;
        if (campaign.failed.empty()) campaign.first_failure = outcome.failures.front();
        campaign.failed.push_back(one.seed);
    }
    return campaign;
}

}  // namespace euromesh::sim
